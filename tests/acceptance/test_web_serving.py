"""`autofix serve` and its web, as an operator meets them: where it listens, what is in its way."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
from pathlib import Path

import httpx

from servers.project import Project

HOSTS: dict[str, dict[str, dict[str, object]]] = {"web": {"web1": {}}}


def urls(project: Project) -> list[str]:
    found = json.loads((project.path / ".autofix" / "web.json").read_text())
    return [str(each) for each in found["urls"]]


def certificate(folder: Path) -> dict[str, str]:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", folder / "web.key", "-out", folder / "web.pem", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return {"cert": "web.pem", "key": "web.key"}


def test_a_server_says_where_it_listens_and_goes_without_a_trace(tmp_path: Path) -> None:
    tls = certificate(tmp_path)
    with Project(tmp_path, HOSTS, {"web": {"listen": "127.0.0.1:0", "tls": tls}}) as project:
        project.serve()
        (url,) = urls(project)
        assert url.startswith("https://127.0.0.1:")
        assert f"the web listens on {url}" in project.log.read_text()
        assert f"web: {url}" in project.autofix("status").stdout
        trust = ssl.create_default_context(cafile=str(tmp_path / "web.pem"))
        with httpx.Client(verify=trust) as client:
            answer = client.get(f"{url}/readyz")
            assert answer.json() == {"status": "ok", "leads": True}
            assert answer.headers["strict-transport-security"]
            assert client.get(f"{url}/nothing/here").json()["status"] == 404
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(sock(project)))) as client:
            assert client.get("http://autofix/healthz").json() == {"status": "ok"}
        said = project.autofix("doctor", "--no-hosts").stdout
        assert f"listens on {url}" in said
        assert project.stop() == 0
        assert not (tmp_path / ".autofix" / "web.json").exists()
        assert not sock(project).exists()


def sock(project: Project) -> Path:
    return project.path / ".autofix" / "autofix.sock"


def test_after_a_kill_the_next_server_takes_the_socket_and_beside_a_live_one_nobody_does(
    tmp_path: Path,
) -> None:
    with Project(tmp_path, HOSTS) as project:
        project.serve()
        project.kill()
        assert sock(project).exists()
        project.serve()
        second = project.autofix("serve")
        assert second.returncode == 4
        assert "already works on this store" in second.stderr
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(sock(project)))) as client:
            assert client.get("http://autofix/readyz").status_code == 200


def test_what_keeps_the_web_from_starting_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Project(tmp_path, HOSTS, {"web": {"listen": f"127.0.0.1:{port}"}}) as project:
            done = project.autofix("serve")
            assert done.returncode == 4
            last = done.stderr.strip().splitlines()
            assert any(f"127.0.0.1:{port}: another program listens there" in line for line in last)
            assert "Traceback" not in done.stderr
            assert not sock(project).exists()
            assert "another program listens there" in project.autofix("doctor", "--no-hosts").stdout
            bad = {"listen": "127.0.0.1:0", "tls": {"cert": "no.pem", "key": "no.key"}}
            project.settings({"web": bad})
            for words in (["check"], ["serve"]):
                done = project.autofix(*words)
                assert done.returncode == 2
                assert "web.tls: " in done.stdout + done.stderr
                assert "can't be read: No such file" in done.stdout + done.stderr
            project.settings({"web": {"listen": "0.0.0.0:8420"}})
            done = project.autofix("check")
            assert done.returncode == 2
            assert "in the clear" in done.stderr
