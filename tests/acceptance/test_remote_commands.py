"""The same commands on the store, at the local server's socket and at a server over TLS."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autofix.cli.group import main
from servers.project import Project, environment
from servers.relay import relay

TIDY = """
    name: tidy
    title: Tidy up
    inputs: {seconds: {type: number, default: 0}}
    fix:
      - {playbook: tidy.yml, vars: {seconds: "{{ inputs.seconds }}"}}
    verify: none
    guards: {cooldown: 0s, attempts: {max: 100, per: 1h}}
    """
PLAY = """
    - hosts: web
      gather_facts: false
      vars: {af: "{{ event_json | from_json }}"}
      tasks:
        - name: Begin
          ansible.builtin.command: echo begun
          changed_when: true
        - name: Take a while
          ansible.builtin.wait_for: {timeout: "{{ af.seconds | int }}"}
    """


@dataclass
class House:
    """A project with a server, whose TCP side speaks TLS under an authority of its own."""

    project: Project
    ca: Path
    tokens: dict[str, str]
    url: str = ""
    answers: list[Any] = field(default_factory=list)

    def serve(self) -> None:
        self.project.serve()
        found = json.loads((self.project.path / ".autofix" / "web.json").read_text())
        self.url = found["urls"][0]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def there(self, role: str = "admin", url: str = "") -> dict[str, str]:
        """The environment of somebody far away."""
        return {
            "AUTOFIX_SERVER": url or self.url,
            "AUTOFIX_SERVER_CA": str(self.ca),
            "AUTOFIX_TOKEN": self.tokens[role],
        }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    ca, key = folder / "cert.pem", folder / "key.pem"
    words = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=autofix -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {ca}"
    )
    subprocess.run(words.split(), check=True, capture_output=True)
    tls = {"listen": "127.0.0.1:0", "tls": {"cert": str(ca), "key": str(key)}}
    (folder / "project").mkdir()
    hosts = {"web": {"web1": {}, "web2": {}}}
    with Project(folder / "project", hosts, {"web": tls, "timezone": "Europe/Berlin"}) as project:
        project.runbook("tidy", TIDY)
        project.playbook("tidy.yml", PLAY)
        house = House(project, ca, {})
        _without_a_server(house)
        house.serve()
        yield house


def _without_a_server(house: House) -> None:
    """People, their tokens, one run; and what every question is answered on the store."""
    for role in ("admin", "operator", "viewer"):
        assert _said(house, "users", "add", role, "--role", role, "--no-password")[0] == 0
        words = ("tokens", "add", "far", "--owner", role, "--role", role, "--lasts", "1h")
        house.tokens[role] = json.loads(_said(house, *words, "--json")[1])["secret"]
    ended = house.project.autofix("run", "tidy", "--host", "web1")
    assert ended.returncode == 0, ended.stderr
    house.answers += [settled(_said(house, *words)) for words in QUESTIONS]


def _said(house: House, *words: str) -> Told:
    """A command in this process, on the store."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(["-C", str(house.project.path), *words])
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


Told = tuple[int, str, str]
Say = Callable[..., Told]


@pytest.fixture
def say(house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    """A command in this process: its exit code, what it printed, what it complained of."""

    def run(*words: str, more: dict[str, str] | None = None) -> Told:
        given = more or {}
        for name in ("SERVER", "SERVER_CA", "TOKEN", "TOKEN_FILE"):
            monkeypatch.delenv(f"AUTOFIX_{name}", raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        place = [] if "AUTOFIX_SERVER" in given else ["-C", str(house.project.path)]
        monkeypatch.chdir("/")
        with pytest.raises(SystemExit) as ended:
            main([*place, *words])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


#: What is asked in each of the three ways; nothing here changes anything.
QUESTIONS: Sequence[Sequence[str]] = (
    ("incidents", "list", "--all"),
    ("incidents", "list", "--all", "--json"),
    ("incidents", "show", "1"),
    ("incidents", "show", "1", "--json"),
    ("incidents", "show", "99"),
    ("incidents", "list", "--all", "--before", "2", "--json"),
    ("incidents", "approve", "1"),
    ("incidents", "retry", "1", "--step", "9"),
    ("incidents", "rollback", "1", "--step", "1"),
    ("incidents", "rollback", "1"),
    ("runs", "list"),
    ("runs", "list", "--json"),
    ("runs", "show", "1"),
    ("runs", "log", "1"),
    ("runs", "log", "1", "--json"),
    ("runs", "cancel", "1"),
    ("pages", "list", "--json"),
    ("pages", "show", "99"),
    ("silences", "list", "--all", "--json"),
    ("silences", "add", "--host", "web1", "--for", "1h"),
    ("silences", "add", "--host", "nowhere", "--for", "1h", "--reason", "x"),
    ("silences", "end", "99"),
    ("breaker", "list"),
    ("breaker", "reset", "tidy", "--host", "web1"),
    ("audit", "list", "--incident", "1"),
    ("audit", "show", "3", "--json"),
    ("audit", "show", "99999"),
    ("why", "tidy", "--host", "web1"),
    ("why", "tidy", "--host", "web"),
    ("run", "tidy", "--host", "nowhere"),
    ("run", "tidy", "--host", "web1", "-e", "seconds=soon"),
    ("run", "tidy"),
    ("probe", "nothing", "--host", "web1"),
    ("users", "list", "--json"),
    ("tokens", "list", "--all", "--json"),
)


def settled(told: Told) -> tuple[int, Any, str]:
    """Without what moves: how long ago something was, and when a token was last used."""
    code, out, err = told
    moved = re.compile(r"\b[0-9.]+(ms|s|m|h|d)( [0-9]+(s|m|h))*( ago)?\b|no server runs: .*\n")
    if out[:1] in ("[", "{"):
        return code, _still(json.loads(out)), err
    return code, moved.sub("_", out).replace("  _", "").strip(), moved.sub("_", err)


def _still(value: Any) -> Any:
    if isinstance(value, list):
        return [_still(each) for each in value]
    if isinstance(value, dict):
        moved = ("used_at", "seen_at", "version")
        return {name: _still(each) for name, each in value.items() if name not in moved}
    return value


def test_at_the_socket(house: House, say: Say) -> None:
    assert house.url.startswith("https://127.0.0.1:")
    for words, before in zip(QUESTIONS, house.answers, strict=True):
        assert settled(say(*words)) == before, words


def test_the_socket_is_what_was_asked(house: House) -> None:
    """A command that works at the server has no need of the database's library."""
    code = (
        "import sys, atexit; from autofix.cli.group import main;"
        "atexit.register(lambda: print('sqlalchemy' in sys.modules, file=sys.stderr)); main()"
    )
    for words, opened in ((["incidents"], "False"), (["audit", "verify"], "True")):
        asked = [sys.executable, "-c", code, "-C", str(house.project.path), *words]
        done = subprocess.run(asked, text=True, capture_output=True, env=environment(), check=False)
        assert (done.returncode, done.stderr.splitlines()[-1]) == (0, opened), done.stderr


def test_over_tls_with_a_token(house: House, say: Say) -> None:
    for words, before in zip(QUESTIONS, house.answers, strict=True):
        assert settled(say(*words, more=house.there())) == before, words


def test_acts_from_afar_are_on_the_record_under_the_tokens_owner(house: House, say: Say) -> None:
    there = house.there()
    assert say("incidents", "close", "1", "--note", "seen", more=there)[:2] == (
        0, "incident 1 is closed: seen\n",
    )  # fmt: skip
    code, out, _ = say("pause", "--host", "web2", "--reason", "vendor", more=there)
    assert (code, out) == (0, f"paused: nothing new starts for web2 at {house.url}\n")
    assert "paused: web2 paused by admin (token far): vendor" in say("status", more=there)[1]
    assert say("run", "tidy", "--host", "web2", more=there)[0] == 3
    assert (
        "resumed: web2 paused by admin (token far)"
        in say("resume", "--host", "web2", more=there)[1]
    )
    code, out, err = say("silences", "add", "--host", "web2", "--until", "23:59", "--reason", "x",
                         "--json", more=there)  # fmt: skip
    assert (code, err, json.loads(out)["by"]) == (0, "", "admin (token far)")
    assert say("silences", "end", "1", more=there)[0] == 0
    assert say("audit", "verify", more=there)[1].startswith("note: no witness given")
    local = say("audit", "list", "--incident", "1", "--actor", "admin (token far)", "--json")[1]
    assert [each["event"]["action"] for each in json.loads(local)] == ["incident.closed"]


def test_an_export_from_afar_verifies_here(house: House, say: Say, tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    code, out, err = say("audit", "export", "-o", str(file), more=house.there())
    assert (code, out) == (0, ""), err
    count = int(re.match(r"(\d+) events written", err)[1])  # type: ignore[index]
    assert say("audit", "verify", "--export", str(file))[0] == 0
    table = say("audit", "export", "--format", "csv", more=house.there())[1]
    assert len(table.splitlines()) - 1 >= count


def test_a_run_from_afar_tells_the_same_story(house: House, say: Say) -> None:
    here = say("run", "tidy", "--host", "web1")
    there = say("run", "tidy", "--host", "web1", more=house.there("operator"))
    assert there[0] == here[0] == 0

    def story(told: Told) -> list[str]:
        lines = re.sub(r"run [0-9]+", "run N", told[1]).splitlines()
        return [line for line in lines if not line.startswith("seen")]

    assert story(there) == story(here)
    assert "web1: operator (token far) runs it by hand" in there[1]
    words = ("run", "tidy", "--host", "web1", "--host", "web2", "--json")
    code, out, _ = say(*words, more=house.there())
    assert (code, [each["host"] for each in json.loads(out)]) == (0, ["web1", "web2"])


def test_who_may_not(house: House, say: Say, tmp_path: Path) -> None:
    code, _, err = say("incidents", "close", "2", more=house.there("viewer"))
    assert (code, "it needs the role operator or admin" in err) == (3, True), err
    assert say("users", "list", more=house.there("operator"))[0] == 3
    code, _, err = say("status", more={**house.there(), "AUTOFIX_TOKEN": "af_1_wrong-secret"})
    assert (code, "this token is not known" in err, "AUTOFIX_TOKEN" in err) == (3, True, True)
    assert "wrong-secret" not in err
    nobody = {**house.there(), "AUTOFIX_TOKEN": "", "HOME": str(tmp_path)}
    assert say("status", more=nobody)[0] == 3
    readable = tmp_path / "token"
    readable.write_text(house.tokens["viewer"])
    code, _, err = say("status", more={**nobody, "AUTOFIX_TOKEN_FILE": str(readable)})
    assert (code, "can be read by others" in err) == (3, True)
    readable.chmod(0o600)
    assert say("status", more={**nobody, "AUTOFIX_TOKEN_FILE": str(readable)})[0] == 0


def test_a_revoked_token_opens_nothing(house: House, say: Say) -> None:
    words = ("tokens", "add", "short", "--role", "viewer", "--owner", "viewer", "--lasts", "1h")
    made = json.loads(say(*words, "--json")[1])
    there = {**house.there(), "AUTOFIX_TOKEN": made["secret"]}
    assert say("status", more=there)[0] == 0
    assert say("tokens", "revoke", str(made["token"]["id"]))[0] == 0
    code, _, err = say("status", more=there)
    assert (code, "this token was revoked" in err) == (3, True), err


def test_a_server_that_can_not_be_trusted_or_reached(house: House, say: Say) -> None:
    code, _, err = say("status", more={**house.there(), "AUTOFIX_SERVER_CA": ""})
    assert (code, "certificate that is not trusted" in err) == (4, True), err
    code, _, err = say("status", more=house.there(url="https://127.0.0.1:9"))
    assert (code, len(err.splitlines())) == (4, 1)
    assert err.startswith("autofix: https://127.0.0.1:9 can't be reached: ")
    code, _, err = say("status", more=house.there(url=house.url.replace("https", "http")))
    assert code == 4, err


@pytest.mark.parametrize("command", ["init", "check", "serve", "sentinel", "demo", "doctor"])
def test_what_makes_no_sense_from_afar(house: House, say: Say, command: str) -> None:
    code, out, err = say(command, more=house.there())
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert f"`autofix {command}` works on this machine, not with --server" in err


def test_what_needs_the_files_of_the_server(house: House, say: Say, tmp_path: Path) -> None:
    for words in (["audit", "key"], ["incidents", "ack", "--code", "x"]):
        code, _, err = say(*words, more=house.there())
        assert (code, "works where the server runs" in err) == (2, True), err
    witness = tmp_path / "witness"
    code, _, err = say("audit", "verify", "--witness", str(witness), more=house.there())
    assert (code, "audit export" in err) == (2, True)


def started(house: House, port: int, seconds: int) -> subprocess.Popen[str]:
    """A run from afar through a relay, once its first task is told."""
    url = f"https://127.0.0.1:{port}"
    words = ["run", "tidy", "--host", "web1", "-e", f"seconds={seconds}"]
    running = subprocess.Popen(
        [sys.executable, "-m", "autofix", *words],
        env={**environment(), **house.there(url=url)},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert running.stdout is not None
    while line := running.stdout.readline():
        if "Begin" in line:
            return running
    raise AssertionError(running.communicate())


def test_a_connection_that_breaks_during_a_run_is_taken_up_again(house: House) -> None:
    with relay(house.port) as way:
        running = started(house, way.port, 4)
        way.cut()
        house.project.wait_for(lambda: _reads(running, "the work goes on there"))
        way.mend()
        out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert "the server answers again" in err
    assert "done       tidy.yml" in out
    assert out.count("Take a while") == 1


def _reads(running: subprocess.Popen[str], words: str) -> bool:
    assert running.stderr is not None
    return words in running.stderr.readline()


@pytest.mark.long
def test_a_server_that_stays_away_ends_the_story_and_not_the_work(house: House) -> None:
    with relay(house.port) as way:
        running = started(house, way.port, 4)
        way.cut()
        _, err = running.communicate(timeout=90)
    assert running.returncode == 4
    said = err.splitlines()[-1]
    assert "what was started goes on there (see `autofix incidents show " in said
    number = int(re.search(r"incidents show ([0-9]+)", said)[1])  # type: ignore[index]
    assert house.project.wait_for_state(number, "done")["state"] == "done"


def test_a_pause_needs_no_server(house: House, say: Say) -> None:
    """Its file is written first, whatever the server does."""
    code, out, _ = say("pause", "--reason", "stop", "--json")
    pause: dict[str, Any] = json.loads(out)["pause"]
    assert code == 0
    assert (house.project.path / ".autofix" / "pauses" / pause["id"]).is_file()
    assert say("resume")[0] == 0


def test_a_socket_that_a_dead_server_left_is_no_server(house: House, say: Say) -> None:
    house.project.kill()
    assert (house.project.path / ".autofix" / "autofix.sock").exists()
    code, out, _ = say("status")
    assert (code, out.startswith("server: none runs")) == (0, True)
    assert say("incidents", "show", "1", "--json")[0] == 0
    house.serve()
