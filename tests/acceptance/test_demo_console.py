"""The sandbox of `autofix demo --keep`: a person comes in by its console at once."""

from __future__ import annotations

import time

import httpx

from autofix.app.sandbox import NAME, Sandbox


def test_the_person_of_the_sandbox_comes_in_and_sees_it() -> None:
    sandbox = Sandbox()
    try:
        sandbox.build()
        sandbox.serve()
        deadline = time.monotonic() + 60
        while not sandbox.console():
            assert sandbox.alive()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        url = sandbox.console()
        assert url.startswith("http://127.0.0.1:")
        headers = {"origin": url, "accept": "text/html"}
        with httpx.Client(base_url=url, headers=headers, timeout=30) as browser:
            said = browser.post("/login", data={"name": NAME, "password": sandbox.password})
            assert said.status_code == 303, said.text
            assert "demo-redis" in browser.get("/fleet").text
        log = sandbox.log.read_text()
        assert "the first administrator" not in log  # somebody is there: no link for strangers
        assert sandbox.password not in log
        while f"the console: {url}" not in sandbox.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        sandbox.close()
    assert not sandbox.folder.exists()
