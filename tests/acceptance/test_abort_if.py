"""abort_if with real Ansible: a fix that does harm is stopped, undone, and told to a person."""

from __future__ import annotations

from pathlib import Path

from servers.site import saying
from servers.web import Web

STEP = "\n    rollback: undo.yml"
HARM = """
    - name: Do harm
      ansible.builtin.copy:
        dest: "FOLDER/{{ inventory_hostname }}"
        content: '{"well": false, "clients": 0}'
    - name: Take long
      ansible.builtin.command: {argv: [sleep, "731.5"]}
"""


def test_a_fix_that_does_harm_is_stopped_undone_and_told(tmp_path: Path) -> None:
    with Web(tmp_path / "web", 1, guards="abort_if: clients < 1", step=STEP, watched=True) as web:
        web.play("kick.yml", more=HARM)
        web.play("undo.yml", {"well": False, "clients": 5})
        web.is_(well=False, clients=5)
        web.serve()
        web.wait_for(lambda: web.states() == ["escalated"])
        fix, rollback = web.runs(1)
        assert (fix["outcome"], rollback["outcome"]) == ("aborted", "ok")
        assert fix["reason"] == "abort_if: clients < 1 (clients = 0)"
        assert fix["finished_at"] - fix["started_at"] < 60
        assert not saying("731.5")
        assert web.touched("undo") == ["web1"]
        reason = web.incident(1)["reason"]
        assert "stopped by abort_if (abort_if: clients < 1 (clients = 0)), and was rolled" in reason
        web.wait_for(lambda: len(web.sent()) == 1)
        assert "clients < 1 (clients = 0)" in str(web.sent()[0])
