"""SAFETY 27, in the console: whatever is sent to a page or a form is answered in words, at once.

Each field of each form that the pages have, each part of each address and each parameter of each
query takes each of these texts. The short form goes through them in turn, the long one tries all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import cycle
from urllib.parse import quote

import pytest

from autofix.core import cursors
from autofix.web.console.policy import CONSOLE
from autofix.web.forms import FIELDS
from consolekit import Client, Stage
from consolekit.everywhere import addresses

NASTY: tuple[str | bytes, ...] = (
    "\x00", "a\x00b", b"\xed\xa0\x80", b"\xff\xfe", "9" * 19, str(2**63 - 1), str(2**63), "-1",
    "1e400", "nan", "inf", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-23:59", "24:00",
    "99:99", "%", "_", "*", "'", "\u202e\u200b", "\u0663", "\u00b2", "\U0001f4a9", "a" * 300,
    "b" * 20_000, "1" * 100_000, "1d" * 2000, "\r\nSet-Cookie: x=1",
    "//evil.example", "/\\evil.example",
    "../../etc/passwd", "all", "all:!web", "web*", "[" * 3000,
    '{"alerts":[{"labels":{"a":"\\u0000"}}]}',
    '{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"WebStuck"},'
    '"startsAt":"0001-01-01T00:00:00Z"}]}',
)  # fmt: skip
SHORT = tuple(each for each in NASTY if len(each) < 4000)
#: Seconds that no answer may take, on a machine that is busy with other tests.
QUICK = 5.0
#: What ends the session, or makes its owner another one.
NOT_HERE = re.compile(r"/logout|/settings/users/ada|/account/password|/login")
QUERIES = {
    "/incidents": ("state", "open", "severity", "runbook", "host", "cursor"),
    "/incidents/1": ("before",), "/incidents/1/report": ("download",), "/search": ("q",),
    "/runs": ("state", "outcome", "runbook", "host", "incident", "cursor"),
    "/runs/1": ("after", "before", "find", "found"), "/alerts": ("source", "cursor"),
    "/pages": ("incident", "runbook", "waiting", "cursor"), "/silences": ("all", "cursor"),
    "/audit": ("actor", "action", "runbook", "host", "incident", "since", "until", "cursor"),
    "/audit/export": ("format",), "/fleet": ("name", "group", "open", "cursor"),
    "/runbooks/disk-full": ("host",), "/runbooks/disk-full/run": ("host",),
    "/runbooks/disk-full/started": ("first", "last"), "/login": ("next",), "/": ("said",),
    "/account/second-factor": ("next",),
}  # fmt: skip
GOOD = {
    "reason": "r", "runbook": "disk-full", "host": "web1", "lasts": "1h", "text": "t", "step": "1",
    "days": "7", "role": "viewer", "token_name": "t", "name": "x",
}  # fmt: skip


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("fuzz") / "project") as made:
        object.__setattr__(made.site.settings.web, "requests_per_minute", 10**6)
        made.story()
        yield made


class Fuzz:
    """One who may do everything, and the answers that were none."""

    def __init__(self, stage: Stage) -> None:
        self.ada: Client = stage.client("ada")
        self.csrf = dict(self.ada.hidden(self.ada.page("/"), "/preferences"))["csrf"]
        self.bad: list[str] = []
        self.count = 0

    def ask(self, method: str, path: str, fields: dict[str, str | bytes] | None = None) -> None:
        self.count += 1
        given = {"csrf": self.csrf, "once": f"k{self.count}", **(fields or {})}
        body = "&".join(f"{quote(name)}={quote(value)}" for name, value in given.items())
        form = {"content-type": "application/x-www-form-urlencoded"}
        more = {"content": body, "headers": form} if method == "POST" else {}
        began = time.monotonic()
        said = self.ada.http.request(method, path, **more)  # type: ignore[arg-type]
        took = time.monotonic() - began
        if said.status_code >= 500 or said.status_code == 401 or took > QUICK:
            self.bad.append(
                f"{said.status_code} {took:.1f} {method} {path[:200]} {str(fields)[:300]}"
            )

    def forms(self, stage: Stage) -> dict[str, dict[str, str]]:
        """By where they go: the fields of all forms, with what is hidden in them."""
        found: dict[str, dict[str, str]] = {}
        pages, _ = addresses(stage, "ada", each=2)
        for page in [each for of_route in pages.values() for each in of_route]:
            for form in re.findall(
                r'<form\b[^>]*method="post".*?</form>', self.ada.page(page), re.S
            ):
                goes = re.search(r'action="([^"?]*)', form)
                place = unescape(goes[1]) if goes else page
                for field in re.findall(r"<(?:input|select|textarea|button)\b[^>]*", form):
                    name, value = (re.search(rf'\b{a}="([^"]*)"', field) for a in ("name", "value"))
                    if name:
                        hidden = unescape(value[1]) if value and "hidden" in field else ""
                        found.setdefault(place, {}).setdefault(unescape(name[1]), hidden)
        return {place: fields for place, fields in found.items() if not NOT_HERE.match(place)}


@pytest.fixture
def fuzz(stage: Stage) -> Fuzz:
    return Fuzz(stage)


def texts(long: bool, of: Sequence[str | bytes]) -> Iterator[list[str | bytes]]:
    """For each place its texts: all of them, or a few in turn."""
    turns = cycle(of)
    while True:
        yield list(of) if long else [next(turns) for _ in range(3)]


BOTH = [False, pytest.param(True, marks=pytest.mark.long)]


@pytest.mark.parametrize("long", BOTH)
def test_whatever_stands_in_an_address(fuzz: Fuzz, long: bool) -> None:
    given = texts(long, SHORT)
    for method, route in CONSOLE:
        if "{" in route and not route.startswith("/static"):
            for text in next(given):
                part = quote(text, safe="").replace(".", "%2E")
                fuzz.ask(method, part.join(re.split(r"\{[^}]*\}", route)))
    assert fuzz.bad == []


@pytest.mark.parametrize("long", BOTH)
def test_whatever_is_asked_for(fuzz: Fuzz, long: bool) -> None:
    given = texts(long, SHORT)
    for page, names in QUERIES.items():
        ends = [cursors.encode(page.strip("/"), 2**63 - 1), cursors.encode(page.strip("/"), 0)]
        for name in names:
            for text in [*next(given), "9999-12-31", str(2**63 - 1), *ends]:
                rest = "&first=1&last=1" if page.endswith("/started") else ""
                fuzz.ask("GET", f"{page}?{name}={quote(text, safe='')}{rest}")
    fuzz.ask("GET", f"/runbooks/disk-full/started?first=1&last={2**63 - 1}")
    assert fuzz.bad == []


@pytest.mark.parametrize("long", BOTH)
def test_whatever_is_typed(stage: Stage, fuzz: Fuzz, long: bool) -> None:
    given = texts(long, NASTY)
    forms = fuzz.forms(stage)
    assert {"/silences", "/pauses", "/runbooks/disk-full/preview", "/settings/users"} <= set(forms)
    assert any(place.endswith("/comment") for place in forms)
    for place, fields in sorted(forms.items()):
        usual = {name: value or GOOD.get(name, "") for name, value in fields.items()}
        for name in [each for each in fields if each not in ("csrf", "whose")]:
            for text in next(given):
                fuzz.ask("POST", place, {**usual, "once": f"{place}{fuzz.count}"[-60:], name: text})
    assert fuzz.bad == []
    assert fuzz.count > 150


def test_too_much_is_refused_in_words(fuzz: Fuzz) -> None:
    many = {f"f{number}": "x" for number in range(FIELDS + 1)}
    for fields in (
        many,
        {"reason": "x" * 140_000},
        {"lasts": "1" * 100_000, "runbook": "disk-full"},
    ):
        fuzz.ask("POST", "/silences", dict(fields))
    assert fuzz.bad == []
