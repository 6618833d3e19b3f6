"""Batches with real Ansible: the first one proves the fix, or the others are left alone."""

from __future__ import annotations

import json
from pathlib import Path

from servers.web import Web

BATCHES = "batches: [1, 100%]"


def test_when_the_first_batch_fails_none_of_the_others_is_touched(tmp_path: Path) -> None:
    with Web(tmp_path / "web", 4, guards=BATCHES, watched=True) as web:
        web.play("kick.yml", {"well": False})  # a fix that does not heal
        web.is_(well=False)
        web.serve()
        web.wait_for(lambda: web.states() == ["escalated"] * 4)
        assert len(web.touched()) == 1
        first = web.incidents()[0]
        assert web.touched() == [first["host"]]
        left = [each["reason"] for each in web.incidents()[1:]]
        assert left == [f"batch 1 failed on {first['host']}: the rest is left alone"] * 3

        # A person mends the playbook and the first host; the others are tried again in turn.
        web.play("kick.yml", {"well": True})
        # (The first host is still ill: once its incident is resolved, another opens there.)
        others = [word for each in web.incidents()[1:] for word in ("--host", each["host"])]
        assert web.autofix("incidents", "resolve", str(first["id"])).returncode == 0
        again = web.autofix("run", "web-stuck", *others, "--json")
        assert again.returncode == 0, again.stderr
        assert [each["incident"]["state"] for each in json.loads(again.stdout)] == ["healed"] * 3
        assert web.touched() == web.hosts


def test_a_persons_run_on_several_hosts_goes_in_batches_too(tmp_path: Path) -> None:
    with Web(tmp_path / "web", 4, guards=BATCHES) as web:
        web.is_(well=False)
        done = web.autofix("run", "web-stuck", *_named(web), "--yes", "--json")
        assert done.returncode == 0, done.stderr
        assert [each["exit"] for each in json.loads(done.stdout)] == [0] * 4
        runs = sorted(web.json("runs", "list"), key=lambda each: int(each["id"]))
        first, *rest = runs
        assert first["finished_at"] < min(each["started_at"] for each in rest)
        # The second batch went together.
        assert max(e["started_at"] for e in rest) < min(e["finished_at"] for e in rest)

        web.play("kick.yml", {"well": False})
        web.is_(well=False)
        for name in web.hosts:
            (web.folder / f"kick-{name}").unlink()
        failed = web.autofix("run", "web-stuck", *_named(web), "--yes")
        assert failed.returncode == 1, failed.stdout + failed.stderr
        assert web.touched() == ["web1"]
        assert failed.stdout.count("batch 1 failed on web1: the rest is left alone") >= 3


def _named(web: Web) -> list[str]:
    return [word for name in web.hosts for word in ("--host", name)]
