"""Witnesses on this machine: a file that only grows, and the system's log, as they really are."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from autofix.core.checkpoints import Checkpoint, line, parse_lines
from autofix.errors import AuditError
from autofix.options import faults
from autofix.store.witnesses import (
    FileWitness,
    FileWitnessOptions,
    SyslogWitness,
    SyslogWitnessOptions,
)

ONE = Checkpoint(12, "a" * 64, 1700000000.125, "b" * 32, 3, "c" * 128)
TWO = Checkpoint(40, "d" * 64, 1700000060.5, "b" * 32, 12, "e" * 128)


def test_a_file_gets_a_line_for_each(tmp_path: Path) -> None:
    path = tmp_path / "witness"
    for each in (ONE, TWO):
        FileWitness(path).tell(each, timeout=1)
    assert parse_lines(path.read_text()) == [ONE, TWO]
    assert path.read_text().splitlines()[0] == (
        f"2023-11-14T22:13:20.125Z 12 {'a' * 64} {'c' * 128} {'b' * 32} 3"
    )
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_others_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "witness"
    path.write_text("a note\n")
    FileWitness(path).tell(ONE, timeout=1)
    assert path.read_text() == f"a note\n{line(ONE)}\n"


def test_a_file_that_cant_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no" / "witness"):
        with pytest.raises(AuditError, match="can't be written") as refused:
            FileWitness(path).tell(ONE, timeout=1)
        assert "\n" not in str(refused.value)


def test_a_pipe_that_nobody_reads_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(AuditError, match="can't be written"):
        FileWitness(path).tell(ONE, timeout=1)


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="No space left"):
        FileWitness(Path("/dev/full")).tell(ONE, timeout=1)


def test_the_local_log_gets_the_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(path))
        log.settimeout(10)
        options = SyslogWitnessOptions(address=str(path))
        SyslogWitness(options).tell(ONE, timeout=1)
        said = log.recv(4096).decode()
    assert said.startswith("<36>autofix-audit: 2023-")  # auth.warning
    assert parse_lines(said) == [ONE]


def test_a_log_server_gets_the_line() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.bind(("127.0.0.1", 0))
        log.settimeout(10)
        options = SyslogWitnessOptions(
            address=f"127.0.0.1:{log.getsockname()[1]}", facility="local3"
        )
        witness = SyslogWitness(options)
        witness.tell(ONE, timeout=1)
        said = log.recv(4096).decode()
    assert said.startswith("<156>")
    assert parse_lines(said) == [ONE]
    assert witness.name == f"syslog {options.address}"


def test_a_log_that_is_not_there_is_said(tmp_path: Path) -> None:
    options = SyslogWitnessOptions(address=str(tmp_path / "none"))
    with pytest.raises(AuditError, match="can't be reached"):
        SyslogWitness(options).tell(ONE, timeout=1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"address": "logs"}, "neither a path such as /dev/log nor host:port"),
        ({"facility": "aut"}, "there is no facility 'aut'"),
        ({"adress": "x:1"}, "unknown key 'adress'"),
    ],
)
def test_wrong_options_are_named(values: dict[str, str], said: str) -> None:
    assert said in faults(SyslogWitnessOptions, values)[0].message
    assert faults(FileWitnessOptions, {})[0].message == "'path' is missing"
