"""SAFETY 11: a secret that a host's playbooks and probes use stands nowhere afterwards.

A real server, a playbook and a probe that say it in every encoding they can, a page, and a search
through everything that was kept, said or sent: database, logs, pages, records, commands, /proc.
"""

from __future__ import annotations

import base64
import json
import sys
import urllib.parse
from pathlib import Path

from autofix.channels.webhook import signature
from servers.http import http_server
from servers.project import Project

SECRET = "c0rrect/h+rse b@ttery"
FORMS = {
    "plain": SECRET,
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "in a URL": urllib.parse.quote(SECRET, safe=""),
    "hexadecimal": SECRET.encode().hex(),
    "backwards": SECRET[::-1],
}
RUNBOOK = """
    name: loud
    title: Says what it should not
    severity: P1
    triggers:
      - {{probe: command, hosts: web, every: 1s, when: not ok, with: {{argv: {probe}}}}}
    fix:
      - playbook: loud.yml
    verify: {{probe: command, until: ok, within: 1s, every: 500ms, with: {{argv: {probe}}}}}
    """
PLAYBOOK = """
    - hosts: web
      gather_facts: false
      vars: {{forms: {forms}}}
      tasks:
        - name: say it
          ansible.builtin.debug: {{msg: "{{{{ forms }}}}"}}
        - name: say it in a loop
          ansible.builtin.debug: {{msg: "{{{{ item }}}}"}}
          loop: "{{{{ forms }}}}"
        - name: report it
          ansible.builtin.set_stats:
            data:
              autofix_report: {{said: "{{{{ forms }}}}"}}
        - name: fail with it
          ansible.builtin.fail: {{msg: "wrong password {{{{ redis_password }}}} {{{{ forms }}}}"}}
    """


def forms_in(content: bytes) -> list[str]:
    return [name for name, form in FORMS.items() if form.encode() in content]


def searched(project: Project, seen: dict[str, bytes]) -> dict[str, list[str]]:
    """Where a form of the secret stands, by place; the files that give it to autofix are left."""
    given = {"inventory", "playbooks", "probe.py"}
    for file in project.path.rglob("*"):
        place = file.relative_to(project.path)
        if file.is_file() and place.parts[0] not in given:
            seen[str(place)] = file.read_bytes()
    found = {place: forms_in(content) for place, content in seen.items()}
    return {place: forms for place, forms in found.items() if forms}


def everywhere(project: Project, seen: dict[str, bytes]) -> None:
    """What every process of the project was started with."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes()
            if str(project.path).encode() in told:
                seen[f"arguments of {process.name}"] = told
        except OSError:
            continue


def test_what_autofix_keeps_stands_nowhere_whoever_says_it(tmp_path: Path) -> None:
    """Kept, used by a channel, said by a probe and by a playbook, replaced, its key rotated."""
    with http_server() as receiver, Project(tmp_path, {"web": {"h1": {}}}) as project:
        project.settings({
            "channels": {"ours": {"type": "webhook", "url": receiver.url, "secret_kept": "hook"}},
            "policies": {"default": {"channels": ["ours"]}},
            "logging": {"format": "json"},
        })  # fmt: skip
        wrong = project.autofix("check")
        assert "no secret hook is kept (keep it: autofix secrets set hook)" in wrong.stderr
        assert wrong.returncode == 2
        seen: dict[str, bytes] = {}

        def say(words: str, given: str = "") -> str:
            everywhere(project, seen)
            done = project.autofix(*words.split(), given=given)
            assert done.returncode == 0, done.stderr
            seen[f"autofix {words}"] = (done.stdout + done.stderr).encode()
            return done.stdout

        say("secrets set hook", SECRET + "\n")
        probe = tmp_path / "probe.py"
        probe.write_text(f"import sys; print({list(FORMS.values())!r}); sys.exit(1)\n")
        argv = json.dumps([sys.executable, str(probe)])
        project.runbook("loud", RUNBOOK.format(probe=argv))
        quiet = PLAYBOOK.replace("{{{{ redis_password }}}} ", "")
        project.playbook("loud.yml", quiet.format(forms=json.dumps(list(FORMS.values()))))
        project.serve()
        page = project.wait_for(lambda: receiver.asked[:1])[0]
        for words in ("secrets list", "runs log 1", "audit export"):
            say(words)
        assert b"hook" in seen["autofix secrets list"]
        rotated = json.loads(say("keys rotate --json"))
        assert rotated["secrets"] == 1
        say("secrets set hook", "a new one, in force at once")
        project.wait_for(lambda: "changed files are in force" in project.log.read_text())
        assert project.stop() == 0
        # It was in use all the while: the page is signed with it.
        number, at = page.headers["webhook-id"], int(page.headers["webhook-timestamp"])
        signed = signature(SECRET, number, at, page.body)
        assert page.headers["webhook-signature"] == signed
        seen["the page"] = page.body + repr(page.headers).encode()
        first = "make the first administrator"  # a line for whoever starts it, not of the log
        lines = [e for e in project.log.read_text().splitlines() if not e.startswith(first)]
        assert all({"ts", "level", "message"} <= set(json.loads(line)) for line in lines)
        assert (tmp_path / ".autofix/keys/secrets.key").stat().st_mode & 0o777 == 0o600
        assert searched(project, seen) == {}


def test_a_secret_stands_nowhere_whoever_says_it(tmp_path: Path) -> None:
    host = {"h1": {"redis_password": SECRET}}
    with Project(tmp_path, {"web": host}) as project:
        probe = tmp_path / "probe.py"
        probe.write_text(f"import sys; print({list(FORMS.values())!r}); sys.exit(1)\n")
        argv = json.dumps([sys.executable, str(probe)])
        project.runbook("loud", RUNBOOK.format(probe=argv))
        project.playbook("loud.yml", PLAYBOOK.format(forms=json.dumps(list(FORMS.values()))))
        project.serve()
        seen: dict[str, bytes] = {}

        def paged() -> bool:
            everywhere(project, seen)
            return bool(project.sent())

        project.wait_for(paged)
        for words in (
            "incidents show 1", "incidents list", "runs show 1", "runs log 1", "audit list",
            "audit export", "why loud --host h1", "status", "probe command --host h1",
        ):  # fmt: skip
            more = ["--with", f"argv={argv}"] if words.startswith("probe") else []
            done = project.autofix(*words.split(), *more)
            seen[f"autofix {words}"] = (done.stdout + done.stderr).encode()
        assert project.stop() == 0
        assert b"loud.yml" in seen["autofix runs show 1"]
        assert "********" in project.autofix("runs", "log", "1").stdout
        assert searched(project, seen) == {}
