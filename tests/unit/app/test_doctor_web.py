"""What `autofix doctor` says of the web's private key."""

from __future__ import annotations

from pathlib import Path

import pytest

from autofix.app.doctor.web import private_key


@pytest.mark.parametrize(("mode", "warned"), [(0o600, 0), (0o640, 0), (0o644, 1), (0o602, 1)])
def test_a_key_that_everybody_can_read_is_warned_of(tmp_path: Path, mode: int, warned: int) -> None:
    file = tmp_path / "web.key"
    file.touch()
    file.chmod(mode)
    found = list(private_key(file))
    assert len(found) == warned
    assert all(str(file) in each.mend for each in found)
