"""The fake incident on a real server: opened, mended by a real playbook, proven, closed."""

from __future__ import annotations

from pathlib import Path

from servers.project import Project


def test_the_fake_incident_is_opened_mended_and_closed_and_touches_no_host(tmp_path: Path) -> None:
    settings = {"synthetic": {"enabled": True, "every": "40s"}, "limits": {"runs_per_hour": 1}}
    with Project(tmp_path, {"web": {"web1": {}}}, settings) as project:
        project.serve()
        project.wait_for(lambda: (project.json("status")["synthetic"] or {}).get("good_at"))
        found = project.incident(1)
        assert (found["state"], found["host"]) == ("closed", "autofix-synthetic")
        (run,) = project.runs(1)
        assert (run["outcome"], run["playbook"]) == ("ok", "autofix_synthetic.yml")
        actions = [e["event"]["action"] for e in project.json("audit", "list", "--incident", "1")]
        for action in ("incident.opened", "run.started", "incident.healed", "incident.closed"):
            assert action in actions
        assert "synthetic: succeeded" in project.autofix("status").stdout
        assert project.sent() == []


def test_its_name_is_no_name_for_a_host_or_a_runbook(tmp_path: Path) -> None:
    with Project(tmp_path, {"web": {"autofix-synthetic": {}}}) as project:
        checked = project.autofix("check")
        assert checked.returncode == 2
        assert "is a name of autofix's own" in checked.stderr
