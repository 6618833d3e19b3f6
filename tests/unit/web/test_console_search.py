"""Search: one thing that can be meant is gone to, the rest is a page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from consolekit import Client, Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.look("web1")
        made.ill("web1", load_1=90.0)
        yield made


@pytest.fixture(scope="module")
def vera(stage: Stage) -> Client:
    return stage.client("vera")


@pytest.mark.parametrize(
    ("typed", "leads"),
    [
        ("1", "/incidents/1"),
        ("#1", "/incidents/1"),
        (" 1 ", "/incidents/1"),
        ("disk-full", "/runbooks/disk-full"),
        ("web3", "/fleet/web3"),
    ],
)
def test_what_can_mean_one_thing_only_is_gone_to(vera: Client, typed: str, leads: str) -> None:
    said = vera.get("/search", params={"q": typed})
    assert (said.status_code, said.headers["location"]) == (303, leads)


@pytest.mark.parametrize(
    ("typed", "shown", "hidden"),
    [
        ("web", ["/runbooks/web-stuck", "/fleet/web4", "/incidents/1"], ["/fleet/cache1"]),
        ("WEB-ST", ["/runbooks/web-stuck", "/incidents/1"], ["/fleet/web1"]),
        ("nearly full", ["/runbooks/disk-full"], ["/runbooks/web-stuck"]),
        ("cache", ["/fleet/cache1"], ["/incidents/1"]),
    ],
)
def test_a_part_of_a_name_finds_all_that_fits(
    vera: Client, typed: str, shown: list[str], hidden: list[str]
) -> None:
    page = vera.page(f"/search?q={typed}")
    assert [each for each in shown if f'href="{each}"' not in page] == []
    assert [each for each in hidden if f'href="{each}"' in page] == []


@pytest.mark.parametrize(
    "typed", ["99", "nothing-like-it", "9" * 30, "000", "<script>", "_%_", "\u202eweb", "a\x00b"]
)
def test_what_is_not_there_says_what_could_be(vera: Client, typed: str) -> None:
    said = vera.get("/search", params={"q": typed})
    assert said.status_code == 200
    assert "Nothing fits" in said.text
    assert "<script>" not in said.text


@pytest.mark.parametrize("address", ["/search", "/search?q=", "/search?q=++"])
def test_nothing_typed_says_what_to_type(vera: Client, address: str) -> None:
    assert "What do you look for?" in vera.page(address)


def test_too_much_is_refused_in_words(vera: Client) -> None:
    said = vera.get("/search", params={"q": "x" * 201})
    assert said.status_code == 422
    assert "q: " in said.text
