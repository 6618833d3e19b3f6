"""The sealed record, as an operator and an auditor meet it on the command line."""

from __future__ import annotations

import io
import json
import logging
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from autofix.app.site import Site, SystemClock
from autofix.cli.group import _guarded
from autofix.core.audit import AuditEvent
from servers.project import Project

Done = subprocess.CompletedProcess[str]


class Quick(Project):
    """The command line in this process: the same from its words to its exit code."""

    def autofix(self, *words: str, timeout: float = 0) -> Done:
        out, err = io.StringIO(), io.StringIO()
        asked, log = ["-C", str(self.path), *words], logging.getLogger("autofix")
        said_there = logging.StreamHandler(err)  # as Python's last resort would
        said_there.setLevel(logging.WARNING)
        log.addHandler(said_there)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                code = _guarded(asked, debug=False)
        finally:
            log.removeHandler(said_there)
        return Done(asked, code, out.getvalue(), err.getvalue())


def bare(path: Path) -> Quick:
    path.mkdir()
    groups: dict[str, Any] = {"web": {"web1": {}}, "redis": {}, "mysql": {}}
    return Quick(path, groups, {"sentinel": {"enabled": False}})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Without a server, and without runbooks."""
    return bare(tmp_path / "project")


def said(done: Done, code: int, *words: str) -> None:
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    assert "Traceback" not in text
    for word in words:
        assert word in text, text


def act(project: Project) -> None:
    """Two commands that write."""
    said(project.autofix("pause", "--reason", "a test"), 0)
    said(project.autofix("resume"), 0)


def edit(project: Project, statement: str) -> None:
    with closing(sqlite3.connect(project.path / ".autofix" / "autofix.db")) as database:
        database.execute(statement)
        database.commit()


def verified(project: Project, *words: str) -> dict[str, Any]:
    done = project.autofix("audit", "verify", "--json", *words)
    assert "Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["holds"] == (done.returncode == 0)
    return found


def test_init_makes_the_key_and_every_command_that_writes_seals(project: Project) -> None:
    first = project.autofix("init", str(project.path))
    said(first, 0, "The key that seals the record: ", "BEGIN PUBLIC KEY")
    assert "PRIVATE" not in first.stdout + first.stderr
    assert "BEGIN PUBLIC KEY" not in project.autofix("init", str(project.path)).stdout
    act(project)
    report = verified(project)
    assert (report["size"], report["sealed"], report["unsealed"]) == (3, 3, 0)
    assert report["checkpoints"] == 2
    size, _, _ = (project.path / ".autofix" / "audit.head").read_text().partition(" ")
    assert size == "3"
    said(project.autofix("audit", "list"), 0, "audit.key_made", "pause.set", "pause.lifted")
    said(project.autofix("audit", "list", "--since", "2020-01-01"), 0, "pause.set")
    said(project.autofix("audit", "list", "--until", "2020-01-01"), 0, "no such events")
    said(project.autofix("audit", "list", "--since", "soon"), 2, "is no date and time")
    assert verified(project)["size"] == 3  # who only looks writes nothing


def test_a_record_goes_to_an_auditor_who_has_only_the_public_half(
    project: Project, tmp_path: Path
) -> None:
    project.autofix("init", str(project.path))
    act(project)
    key, export = tmp_path / "audit.pub", tmp_path / "record.jsonl"
    key.write_text(project.autofix("audit", "key").stdout)
    said(project.autofix("audit", "export", "-o", str(export)), 0)
    shutil.rmtree(project.path)
    project.path.mkdir()

    def verify(*words: str) -> Done:
        return project.autofix("audit", "verify", "--export", str(export), *words)

    said(verify("--key", str(key)), 0, "the record holds: 3 events, sealed to 3")
    said(verify(), 0, "signatures were not checked")
    lines = export.read_text().splitlines(keepends=True)
    export.write_text("".join(line.replace("a test", "a text") for line in lines))
    said(verify("--key", str(key)), 1, "BROKEN at 1", "entry 1 was changed")
    export.write_text("".join(lines[:-2]))
    said(verify("--key", str(key)), 0, "sealed to 2")  # cut at a checkpoint: only a witness knows
    export.write_text("".join(lines).replace('"size":3', '"size":2'))
    said(verify("--key", str(key)), 1, "BROKEN")
    other = tmp_path / "other.pub"
    other.write_text("nonsense")
    said(verify("--key", str(other)), 1, "is not the public half of an audit key")
    said(verify("--key", str(tmp_path / "none")), 1, "can't be read")


def test_a_checkpoint_that_was_taken_away_is_named(project: Project) -> None:
    project.autofix("init", str(project.path))
    for _ in range(2):
        act(project)
    assert verified(project)["checkpoints"] == 4
    edit(project, "DELETE FROM checkpoints WHERE size = 4")
    report = verified(project)
    assert [each["seq"] for each in report["breaks"]] == [4]
    said(
        project.autofix("audit", "verify"), 1,
        "BROKEN at 4: the checkpoint of entry 4 is missing", "the first at 4",
    )  # fmt: skip


def test_the_newest_checkpoint_and_what_it_sealed_are_missed_by_the_head_file(
    project: Project,
) -> None:
    project.autofix("init", str(project.path))
    act(project)
    edit(project, "DELETE FROM checkpoints WHERE size = 3")
    assert verified(project)["breaks"][0]["seq"] == 3


def test_a_changed_record_is_not_sealed_any_further(project: Project) -> None:
    project.autofix("init", str(project.path))
    act(project)
    edit(project, "UPDATE audit SET actor = 'nobody' WHERE seq = 3")
    edit(project, "UPDATE audit SET hash = 'x' || substr(hash, 2) WHERE seq = 3")
    done = project.autofix("pause", "--reason", "again")
    said(done, 0, "the record is not sealed any further", "entry 3 is not the one")
    assert verified(project)["breaks"][0]["seq"] == 3


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda key: key.chmod(0o644), ("can be read by others", "chmod 600")),
        (lambda key: key.unlink(), ("audit key", "is missing", "restore it from a backup")),
        (lambda key: key.write_text("rubbish"), ("is not an audit key", "audit key --new")),
    ],
)
def test_a_bad_key_is_refused_at_check_and_at_start(
    project: Project, harm: Any, words: tuple[str, ...]
) -> None:
    project.autofix("init", str(project.path))
    act(project)
    harm(project.path / ".autofix" / "keys" / "audit.key")
    said(project.autofix("check"), 2, *words)
    served = project.autofix("serve")
    assert served.returncode in (1, 2)
    said(served, served.returncode, *words)
    said(project.autofix("pause", "--reason", "still works"), 0, words[1])
    said(project.autofix("audit", "list"), 0, "still works")


def test_a_lost_key_is_followed_by_another_and_the_old_checkpoints_still_verify(
    project: Project,
) -> None:
    project.autofix("init", str(project.path))
    act(project)
    old = project.json("audit", "key")["key"]
    shutil.rmtree(project.path / ".autofix" / "keys")
    said(project.autofix("check"), 2, "is missing")
    report = verified(project)
    assert "signed by a key that is not one of this project's" in report["breaks"][0]["what"]
    new = project.autofix("audit", "key", "--new")
    said(new, 0, "follows", "BEGIN PUBLIC KEY")
    assert old in new.stderr
    said(project.autofix("check"), 0)
    act(project)
    report = verified(project)  # without its public half the old ones can't be checked any more
    assert {each["seq"] for each in report["breaks"]} == {1 + 1, 3}


def test_keys_follow_each_other_and_all_of_it_verifies_with_the_last_public_half(
    project: Project, tmp_path: Path
) -> None:
    project.autofix("init", str(project.path))
    key, export = tmp_path / "audit.pub", tmp_path / "record.jsonl"
    for _ in range(3):
        act(project)
        key.write_text(project.autofix("audit", "key", "--new").stdout)
    act(project)
    assert verified(project)["breaks"] == []
    assert verified(project, "--key", str(key))["breaks"] == []
    said(project.autofix("audit", "export", "-o", str(export)), 0)
    done = project.autofix("audit", "verify", "--export", str(export), "--key", str(key))
    said(done, 0, "the record holds")


def test_an_old_copy_of_everything_is_found_by_the_settings_witness(
    project: Project, tmp_path: Path
) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    witness = {"type": "file", "path": str(mount / "witness.log")}
    project.settings({"audit": {"witnesses": [witness]}, "sentinel": {"enabled": False}})
    checked = project.autofix("init", str(project.path)), project.autofix("check")
    said(checked[1], 0, "is on the same filesystem as the store")
    act(project)
    shutil.copytree(project.path / ".autofix", tmp_path / "old")
    act(project)
    assert verified(project)["breaks"] == []
    assert len((mount / "witness.log").read_text().splitlines()) == 4
    shutil.rmtree(project.path / ".autofix")
    shutil.copytree(tmp_path / "old", project.path / ".autofix")
    report = verified(project)
    assert report["breaks"][0]["seq"] == 4
    assert "are missing" in report["breaks"][0]["what"]
    project.settings({})
    report = verified(project)
    assert report["breaks"] == []
    assert any("no witness given" in note for note in report["notes"])


def test_a_project_from_before_gets_its_key_at_the_first_start_and_is_sealed_while_it_serves(
    project: Project,
) -> None:
    act(project)  # there was no init: no key, and nothing is sealed
    assert verified(project)["checkpoints"] == 0
    with project:
        project.serve()
        assert "an audit key was made: " in project.log.read_text()
        assert project.json("audit", "key")["key"] in project.log.read_text()
        project.wait_for(lambda: verified(project)["unsealed"] <= 1)
        new = project.autofix("audit", "key", "--new")
        said(new, 0)
        assert project.stop() == 0
    report = verified(project)
    assert report["breaks"] == []
    assert report["unsealed"] == 0
    assert project.json("audit", "key")["key"] in new.stderr


def test_what_ages_out_is_archived_while_it_serves_and_found_again(project: Project) -> None:
    project.settings({"retention": {"audit": "1d"}, "sentinel": {"enabled": False}})
    said(project.autofix("init", str(project.path)), 0)
    for name in ("runbooks", "playbooks"):
        shutil.rmtree(project.path / name)
        (project.path / name).mkdir()
    site = Site.open(project.path)
    two_days_ago = time.time() - 2 * 86400
    site.clock = SystemClock(lambda: two_days_ago)
    with site.store.transaction() as tx:
        for number in range(5):
            tx.record(AuditEvent(two_days_ago + number, "ann", "test.noted"))
    site.close()
    with project:
        project.serve()
        project.wait_for(lambda: "are archived in audit-" in project.log.read_text())
        assert project.stop() == 0
    report = verified(project)
    assert report["breaks"] == []
    assert report["unsealed"] == 0
    [file] = (project.path / ".autofix" / "archive").iterdir()
    said(project.autofix("audit", "show", "3"), 2, f"event 3 was archived: it is in {file.name}")
    key = project.path / "audit.pub"
    key.write_text(project.autofix("audit", "key").stdout)
    done = project.autofix("audit", "verify", "--export", str(file), "--key", str(key))
    said(done, 0, "the record holds: 6 events, sealed to 6")
