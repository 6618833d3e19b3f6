"""`autofix secrets set`: a value from standard input, or from a prompt that shows nothing of it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from autofix.app.site import Site
from autofix.cli.group import main


def project(tmp_path: Path) -> Path:
    for name in ("inventory", "playbooks", "runbooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "autofix.yaml").write_text("web: {listen: '127.0.0.1:0'}\n")
    return tmp_path


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "autofix", "-C", str(folder), *words]


def opened(folder: Path) -> dict[str, str]:
    site = Site.open(folder)
    try:
        with site.store.reading() as reads:
            return {kept.name: site.sealer.open(kept) for kept in reads.kept()}
    finally:
        site.store.close()


def test_the_prompt_shows_nothing_of_what_is_typed(tmp_path: Path) -> None:
    folder = project(tmp_path)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(folder, "secrets", "set", "mail"), stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while b"value of mail" not in said:
        said += os.read(ours, 1000)
    os.write(ours, b"hunter2\n")
    try:
        while more := os.read(ours, 1000):
            said += more
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0, said
    assert b"kept mail" in said
    assert b"hunter2" not in said
    assert opened(folder) == {"mail": "hunter2"}


@pytest.mark.parametrize(
    ("given", "words"), [(b"", "the secret is empty"), (b"\xff\xfe", "the secret is not text")]
)
def test_what_is_no_secret_is_refused_in_one_line(tmp_path: Path, given: bytes, words: str) -> None:
    run = command(project(tmp_path), "secrets", "set", "mail")
    done = subprocess.run(run, input=given, capture_output=True, check=False, timeout=120)
    assert done.returncode == 2
    assert words in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert opened(tmp_path) == {}


def test_without_a_word_they_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["-C", str(project(tmp_path)), "secrets"])
    assert (ended.value.code or 0, capsys.readouterr().out) == (0, "no secrets are kept\n")
