"""Where the web listens: taken, left behind, of others, too long; certificates that change."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from autofix.errors import ConfigError, ListenError
from autofix.web import sockets
from autofix.web.serving import WebServer
from autofix.web.tls import Certificate
from unit.web.test_protocol import CLOSE, app
from unit.web.wirekit import connected, listening, rest, status


def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    (one,) = sockets.tcp("127.0.0.1", 0)
    port = one.socket.getsockname()[1]
    with pytest.raises(ListenError) as caught:
        sockets.tcp("127.0.0.1", port)
    assert f"127.0.0.1:{port}: another program listens there" in str(caught.value)
    assert "ss -ltnp" in caught.value.hint
    assert caught.value.exit_code == 4
    one.close()
    (again,) = sockets.tcp("127.0.0.1", port)
    again.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(ListenError, match=r"no such address|no address of this"):
        sockets.tcp(host, 0)


def test_the_name_of_the_listener_is_what_a_browser_needs() -> None:
    (one,) = sockets.tcp("127.0.0.1", 0, scheme="https")
    assert one.name == f"https://127.0.0.1:{one.socket.getsockname()[1]}"
    one.close()


def test_the_socket_is_for_its_user_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    one = sockets.unix(tmp_path)
    found = (tmp_path / "autofix.sock").stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600
    one.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_server_left_is_replaced(tmp_path: Path) -> None:
    dead = sockets.unix(tmp_path)
    dead.socket.close()  # a kill -9 leaves the file
    assert (tmp_path / "autofix.sock").exists()
    sockets.unix(tmp_path).close()


def test_the_socket_of_a_live_server_is_left_alone(tmp_path: Path) -> None:
    live = sockets.unix(tmp_path)
    with pytest.raises(ListenError, match="another server listens on"):
        sockets.unix(tmp_path)
    assert live.file is not None
    assert live.file.exists()
    live.close()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_never_removed(tmp_path: Path, kind: str) -> None:
    there = tmp_path / "autofix.sock"
    if kind == "file":
        there.write_text("precious")
    elif kind == "folder":
        there.mkdir()
    else:
        there.symlink_to("/etc/passwd")
    with pytest.raises(ListenError, match="not this server's socket"):
        sockets.unix(tmp_path)
    assert os.path.lexists(there)


def test_a_path_that_is_too_long_for_a_socket_works_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    one = sockets.unix(deep)
    with listening(app, more=(one,)), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(sockets.short(deep / "autofix.sock"))
        client.sendall(CLOSE)
        assert status(rest(client)) == 200


# certificates


def made(folder: Path, name: str) -> tuple[Path, Path]:
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", f"/CN={name}"],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def common_name(port: int) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connected(port) as raw, context.wrap_socket(raw) as one:
        shown = one.getpeercert(binary_form=True)
        one.sendall(CLOSE)
        assert status(one.recv(4096)) == 200
    assert shown is not None
    text = ssl.DER_cert_to_PEM_cert(shown)
    done = subprocess.run(
        ["openssl", "x509", "-noout", "-subject"], input=text, text=True, capture_output=True,
        check=True,
    )  # fmt: skip
    return done.stdout.strip().rpartition("=")[2].strip()


def test_a_changed_certificate_is_taken_without_a_restart(tmp_path: Path) -> None:
    cert, key = made(tmp_path, "one")
    certificate = Certificate(cert, key)
    certificate.load()
    server = WebServer(
        app,
        sockets.tcp("127.0.0.1", 0, scheme="https"),
        tls=certificate.context,
        trusted=lambda _: False,
    )
    server.start()
    try:
        port = server.listeners[0].socket.getsockname()[1]
        assert common_name(port) == "one"
        assert not certificate.reload()
        newer = made(tmp_path, "two")
        cert.write_bytes(b"half of it")
        with pytest.raises(ConfigError):
            certificate.reload()
        assert common_name(port) == "one"  # the last good one is in force
        newer[0].replace(cert)
        newer[1].replace(key)
        assert certificate.reload()
        assert common_name(port) == "two"
    finally:
        server.stop()


def test_what_is_wrong_with_a_certificate_is_said_in_one_line(tmp_path: Path) -> None:
    cert, key = made(tmp_path, "one")
    other, _ = made(tmp_path, "two")
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate")
    cases = {
        (tmp_path / "none.pem", key): "can't be read: No such file",
        (other, key): "does not belong to the certificate",
        (garbage, key): "no certificate and key",
        (cert, garbage): "no certificate and key",
        (tmp_path, key): "can't be read: Is a directory",
    }
    for pair, words in cases.items():
        with pytest.raises(ConfigError) as caught:
            Certificate(*pair).load()
        (problem,) = caught.value.problems
        assert words in problem.message
        assert "\n" not in problem.message
