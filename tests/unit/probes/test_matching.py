"""Whose is what a monitoring told, as a table of sentences."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from autofix.core.readings import Reading, Target
from autofix.probes.matching import MOST_READINGS, Answer, Row, Sorting, readings

WEB1 = Target("web1", "10.0.0.1", aliases=("web1", "10.0.0.1", "web1.example"))
WEB2 = Target("web2", "10.0.0.2", aliases=("web2", "10.0.0.2"))


def told(
    *rows: Row, targets: tuple[Target, ...] = (WEB1, WEB2), partial: str = "", **how: Any
) -> dict[str, list[Reading]]:
    return readings(Answer(rows, partial), targets, Sorting("series", **how), 100.0)


def row(about: str | None, value: Any = 1, part: str = "value", **labels: str) -> Row:
    return Row(about, {part: value}, labels, part)


def error(found: dict[str, list[Reading]], host: str = "web1") -> str:
    (reading,) = found[host]
    return reading.error


def test_each_alias_names_its_host_exactly() -> None:
    for alias in WEB1.aliases:
        (reading,) = told(row(alias, 7))["web1"]
        assert reading.facts == {"reachable": True, "error": None, "value": 7, "series": 1}


def test_nothing_is_guessed() -> None:
    for near in ("WEB1", "web1 ", "web1.example.org", "web", "web1:9100", "", "web1,web2"):
        found = told(row(near))
        assert error(found).startswith("no series of web1")
        assert error(found, "web2").startswith("no series of web2")


def test_a_stranger_in_the_answer_is_named_to_help() -> None:
    assert error(told(row("db9"))) == (
        "no series of web1; it tells of 'db9', which is no host here (see autofix_aliases)"
    )


def test_a_port_is_stripped_when_that_is_asked_for_and_hinted_at_otherwise() -> None:
    assert told(row("web1:9100", 3), strip_port=True)["web1"][0].facts["value"] == 3
    assert error(told(row("web1:9100"))) == (
        "no series of web1; with strip_port: true there would be"
    )


def test_a_name_of_two_hosts_is_an_error_of_both_and_of_nobody_else() -> None:
    twin = Target("web3", "10.0.0.1")
    found = told(row("10.0.0.1"), row("web2"), targets=(Target("web1", "10.0.0.1"), twin, WEB2))
    assert "another host of that name" in error(found)
    assert "another host of that name" in error(found, "web3")
    assert error(found, "web2") == ""


def test_a_name_that_the_inventory_keeps_back_is_nobodys() -> None:
    # Its address is also that of a host which this trigger does not look at.
    alone = Target("web1", "10.0.0.1", aliases=("web1",))
    assert "another host of that name" in error(told(row("10.0.0.1"), targets=(alone,)))


def test_absent_is_not_seen_unless_it_is_said_to_be_empty() -> None:
    assert error(told()) == "no series of web1"
    (reading,) = told(absent={"count": 0})["web1"]
    assert reading.facts == {"reachable": True, "error": None, "count": 0, "series": 0}


def test_an_answer_with_holes_proves_nobody_absent() -> None:
    found = told(row("web2"), partial="a store is down", absent={})
    assert error(found) == "no series of web1 (a store is down)"
    assert found["web2"][0].facts["partial"] == "a store is down"


def test_several_series_of_a_host_blind_that_host_only() -> None:
    found = told(row("web1", disk="sda"), row("web1", disk="sdb"), row("web2"))
    assert error(found) == (
        "2 series of web1: make the query give one a host, or tell them apart by: [disk]"
    )
    assert error(found, "web2") == ""


def test_a_host_under_two_names_is_told() -> None:
    assert "(as 10.0.0.1 and web1)" in error(told(row("web1"), row("10.0.0.1")))


def test_labels_tell_several_series_apart() -> None:
    rows = (row("web1", 1, disk="sda"), row("web1", 2, disk="sdb"), row("web1", 3))
    found = told(*rows, by=("disk",))["web1"]
    assert [(each.facts["disk"], each.facts["value"]) for each in found] == [
        ("", 3),
        ("sda", 1),
        ("sdb", 2),
    ]
    assert {each.facts["series"] for each in found} == {3}


def test_several_queries_become_one_reading() -> None:
    found = told(row("web1", 1, "ratio"), row("web1", 2, "rate"), row("web2", 3, "ratio"))
    assert found["web1"][0].facts == {
        "reachable": True, "error": None, "ratio": 1, "rate": 2, "series": 2,
    }  # fmt: skip
    assert "rate" not in found["web2"][0].facts


def test_a_value_that_is_no_number_is_absent() -> None:
    assert "value" not in told(row("web1", None))["web1"][0].facts


def test_what_is_too_old_is_not_seen_and_keeps_its_name() -> None:
    old = Row("web1", {"value": 1, "age_seconds": 301.0}, {"disk": "sda"})
    young = Row("web1", {"value": 1, "age_seconds": 299.0}, {"disk": "sdb"})
    first, second = told(old, young, by=("disk",), stale_after=300.0)["web1"]
    assert (first.error, first.facts["disk"]) == ("the newest series of web1 is 301 s old", "sda")
    assert second.facts["age_seconds"] == 299.0


def test_the_oldest_of_several_queries_counts() -> None:
    rows = [Row("web1", {name: 1, "age_seconds": age}, {}, name) for name, age in
            (("a", 5.0), ("b", 400.0), ("c", 7.0))]  # fmt: skip
    assert told(*rows)["web1"][0].facts["age_seconds"] == 400.0


def test_a_series_about_nobody_in_particular_counts_for_each() -> None:
    found = told(row(None, 5))
    assert [each[0].facts["value"] for each in found.values()] == [5, 5]


def test_too_many_readings_of_one_host_are_an_error_of_that_host() -> None:
    many = [row("web1", 1, disk=str(n)) for n in range(MOST_READINGS + 1)]
    found = told(*many, row("web2", disk="a"), by=("disk",))
    assert "narrow the query" in error(found)
    assert error(found, "web2") == ""


NAMES = st.sampled_from(["web1", "web2", "10.0.0.1", "10.0.0.2", "web1.example", "db9", "", "x:1"])


@given(
    st.lists(st.tuples(NAMES, st.integers(0, 3), st.sampled_from(["a", "b"])), max_size=12),
    st.booleans(),
)
def test_no_host_ever_gets_a_row_of_another(rows: list[tuple[str, int, str]], by: bool) -> None:
    given_rows = [
        Row(name, {"value": value, "whose": name}, {"disk": disk}) for name, value, disk in rows
    ]
    found = told(*given_rows, by=("disk",) if by else ())
    assert set(found) == {"web1", "web2"}
    for host, target in (("web1", WEB1), ("web2", WEB2)):
        assert found[host]
        for reading in found[host]:
            assert reading.host == host
            assert reading.facts.get("whose", host) in target.aliases
