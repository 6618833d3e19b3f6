"""The files of a stage are nearly always the same: what Ansible says of its inventory, and the lint
of a runbook without fault, are asked for once for each text, and not for each stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autofix.ansible import inventory
from autofix.app import wiring

_tables: dict[str, Any] = {}
_sound: set[tuple[str, ...]] = set()


@contextmanager
def remembered(folder: Path) -> Iterator[None]:
    """While the project in this folder is read for the first time."""
    read, lint = inventory._read, wiring.lint
    playbooks = sorted((folder / "playbooks").rglob("*.yml"))
    texts = tuple(each.read_text() for each in playbooks)

    def table(options: Any, timeout: float) -> Any:
        hosts = options.inventory
        files = [hosts] if hosts.is_file() else sorted(hosts.rglob("*.yml"))
        text = "\0".join(each.read_text() for each in files)
        if text not in _tables:
            _tables[text] = read(options, timeout)
        return _tables[text]

    def faults(settings: Any, runbook: Any) -> Any:
        key = (*texts, repr(runbook.fix))
        found = [] if key in _sound else lint(settings, runbook)
        if not found:
            _sound.add(key)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inventory, "_read", table)
        patch.setattr(wiring, "lint", faults)
        yield
