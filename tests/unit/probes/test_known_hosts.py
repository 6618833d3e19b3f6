"""known_hosts is read as OpenSSH reads it."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.probes.known_hosts import Standing, entries, fingerprint, judge, name_of

KEY, OTHER = b"\0\0\0\x0bssh-ed25519-one", b"\0\0\0\x0bssh-ed25519-two"


def line(hosts: str, key: bytes = KEY, marker: str = "") -> str:
    return f"{marker} {hosts} ssh-ed25519 {base64.b64encode(key).decode()} comment".strip() + "\n"


def standing(text: str, host: str = "web1", port: int = 22, key: bytes = KEY) -> Standing:
    found = entries(text, name_of(host, port))
    bare = entries(text, host) if port != 22 else []
    return judge(key, found, bare).standing


def test_a_host_is_written_with_its_port_unless_it_is_22() -> None:
    assert name_of("Web1", 22) == "web1"
    assert name_of("Web1", 2222) == "[web1]:2222"
    assert name_of("::1", 2222) == "[::1]:2222"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (line("web1"), Standing.KNOWN),
        (line("db1,web1,10.0.0.5"), Standing.KNOWN),
        (line("WEB1"), Standing.KNOWN),
        (line("web?"), Standing.KNOWN),
        (line("*.example,web*"), Standing.KNOWN),
        ("", Standing.UNKNOWN),
        ("# " + line("web1"), Standing.UNKNOWN),
        (line("web10"), Standing.UNKNOWN),
        (line("web"), Standing.UNKNOWN),
        (line("*,!web1"), Standing.UNKNOWN),
        (line("[web1]:2222"), Standing.UNKNOWN),
        (line("web1", OTHER), Standing.CHANGED),
        (line("web1", OTHER) + line("web1"), Standing.KNOWN),
        (line("web1") + line("*", KEY, "@revoked"), Standing.REVOKED),
        (line("*", KEY, "@revoked") + line("web1"), Standing.REVOKED),
        (line("*", OTHER, "@revoked") + line("web1"), Standing.KNOWN),
        (line("web1", KEY, "@cert-authority"), Standing.SIGNED),
        (line("web1", KEY, "@something-new"), Standing.UNKNOWN),
        ("web1 ssh-ed25519\n", Standing.UNKNOWN),
        ("web1 ssh-ed25519 not*base64\n" + line("web1"), Standing.KNOWN),
    ],
)
def test_what_a_file_says_of_a_key(text: str, expected: Standing) -> None:
    assert standing(text) == expected


def test_a_key_known_for_the_bare_name_vouches_on_another_port_but_never_accuses() -> None:
    assert standing(line("web1"), port=2222) == Standing.KNOWN
    assert standing(line("web1", OTHER), port=2222) == Standing.UNKNOWN
    assert standing(line("[web1]:2222", OTHER), port=2222) == Standing.CHANGED
    assert standing(line("web1", KEY, "@revoked") + line("[web1]:2222"), port=2222) == (
        Standing.REVOKED
    )


@pytest.mark.parametrize(("host", "port"), [("web1", 22), ("10.0.0.5", 2222), ("fe80::1", 22)])
def test_names_hashed_by_openssh_are_found(tmp_path: Path, host: str, port: int) -> None:
    assert shutil.which("ssh-keygen")
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True
    )
    public = (tmp_path / "k.pub").read_text().split()
    file = tmp_path / "known_hosts"
    file.write_text(f"{name_of(host, port)} {public[0]} {public[1]}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", file], check=True, capture_output=True)
    text = file.read_text()
    assert text.startswith("|1|")
    assert standing(text, host, port, base64.b64decode(public[1])) == Standing.KNOWN
    assert standing(text, host, port, KEY) == Standing.CHANGED
    assert standing(text, "other", port, base64.b64decode(public[1])) == Standing.UNKNOWN


def test_a_fingerprint_is_written_as_openssh_writes_it(tmp_path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True
    )
    shown = subprocess.run(
        ["ssh-keygen", "-lf", tmp_path / "k.pub"], check=True, capture_output=True, text=True
    ).stdout.split()
    key = base64.b64decode((tmp_path / "k.pub").read_text().split()[1])
    assert fingerprint(key) == shown[1]


def test_the_line_that_decided_is_named() -> None:
    verdict = judge(KEY, entries("# old\n" + line("web1", OTHER), "web1", file="/etc/known"))
    assert verdict.entry is not None
    assert (verdict.entry.file, verdict.entry.line) == ("/etc/known", 2)


@given(st.text(max_size=300))
def test_no_text_makes_an_unlisted_key_known(text: str) -> None:
    assert standing(text) in (Standing.UNKNOWN, Standing.SIGNED, Standing.CHANGED)


@given(st.lists(st.sampled_from(["|1|", "|1|a|b", "|1|!!|??", "|2|YQ==|YQ==", "|", "!", ","])))
def test_broken_host_fields_match_nothing(parts: list[str]) -> None:
    assert standing(line("".join(parts) or "x")) == Standing.UNKNOWN
