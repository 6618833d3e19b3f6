"""A person with a session, as a browser would be: cookie, origin, the form's own fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Any

import httpx

PASSWORD = "correct horse battery"


class Client:
    def __init__(self, url: str, name: str = "", **headers: str) -> None:
        self.url = url
        self.name = name
        given = {"accept": "text/html", "origin": url, **headers}
        self.http = httpx.Client(base_url=url, headers=given, timeout=30)
        if name:
            self.login(name)

    def login(self, name: str, password: str = PASSWORD) -> None:
        said = self.http.post("/login", data={"name": name, "password": password})
        assert said.status_code == 303, said.text
        self.http.cookies.update(said.cookies)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.http.get(path, **more)

    def page(self, path: str, status: int = 200) -> str:
        said = self.get(path)
        assert said.status_code == status, (said.status_code, said.text[:2000])
        return said.text

    def send(
        self,
        page: str,
        action: str,
        fields: Mapping[str, Any] | Iterable[tuple[str, str]] = (),
        *,
        follow: bool = True,
    ) -> httpx.Response:
        """Fill in the form of this page that goes to `action`, and send it."""
        hidden = self.hidden(self.page(page), action)
        given = list(fields.items() if isinstance(fields, Mapping) else fields)
        named = {name for name, _ in given}
        pairs = [(name, value) for name, value in hidden if name not in named] + given
        return self.post(action, pairs, follow=follow)

    def post(
        self, path: str, pairs: Iterable[tuple[str, Any]], *, follow: bool = True
    ) -> httpx.Response:
        data: dict[str, list[str]] = {}
        for name, value in pairs:
            data.setdefault(name, []).append(str(value))
        return self.http.post(path, data=data, follow_redirects=follow)

    @staticmethod
    def hidden(html: str, action: str) -> list[tuple[str, str]]:
        """The hidden fields of the first form with this action (its path, without the query)."""
        for form in re.findall(r"<form\b.*?</form>", html, re.S):
            found = re.search(r'action="([^"?]*)', form)
            if found and unescape(found[1]) == action:
                each = r'<input type="hidden" name="([^"]*)" value="([^"]*)"'
                return [(unescape(n), unescape(v)) for n, v in re.findall(each, form)]
        raise AssertionError(f"no form goes to {action}")

    def close(self) -> None:
        self.http.close()
