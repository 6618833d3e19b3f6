"""Whose request it is: X-Forwarded-* counts from trusted proxies only, and from the near end."""

from __future__ import annotations

import pytest

from autofix.web.limits import GOOD, WRONG_POSTS, Limits, credential_of, near
from autofix.web.peers import Peer, find_peer

PROXIES = ("10.0.0.0/8", "::1")


def peer(client: str, *headers: tuple[str, str], proxies: tuple[str, ...] = PROXIES) -> Peer:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    return find_peer({"client": (client, 1), "headers": raw, "scheme": "http"}, proxies, None)


FOR, PROTO = "X-Forwarded-For", "X-Forwarded-Proto"


@pytest.mark.parametrize(
    ("client", "told", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger tells what he likes
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # what came before is his word
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_address_is_the_nearest_one_that_is_no_trusted_proxy(
    client: str, told: str, address: str
) -> None:
    assert peer(client, (FOR, told)).address == address


def test_several_headers_are_read_as_one() -> None:
    assert peer("10.0.0.1", (FOR, "1.1.1.1"), (FOR, "198.51.100.1")).address == "198.51.100.1"


def test_tls_at_the_proxy_counts_only_when_a_trusted_one_says_so() -> None:
    assert peer("10.0.0.1", (PROTO, "https")).secure
    assert not peer("10.0.0.1", (PROTO, "https, http")).secure
    assert not peer("203.0.113.9", (PROTO, "https")).secure
    assert not peer("10.0.0.1", (PROTO, "https"), proxies=()).proxied


def test_the_unix_socket_has_no_address_and_believes_no_header() -> None:
    raw = [(b"x-forwarded-for", b"1.1.1.1")]
    scope = {"client": None, "headers": raw, "scheme": "http"}
    assert find_peer(scope, PROXIES, 0) == Peer(uid=0, secure=True)


# how many in a minute


def test_who_is_not_known_counts_by_his_address() -> None:
    limits = Limits(lambda: 10)
    waits = [limits.enter("192.0.2.1", f"guess {n}") for n in range(12)]
    assert waits[:10] == [0] * 10
    assert all(0 < wait <= 61 for wait in waits[10:])
    assert limits.enter("192.0.2.2", "") == 0


def test_a_credential_that_is_good_has_a_count_of_its_own() -> None:
    limits = Limits(lambda: 10)
    for _ in range(11):
        limits.enter("192.0.2.1", "")
    limits.good("mine", "ann")
    assert [limits.enter("192.0.2.1", "mine") for _ in range(10)] == [0] * 10
    assert limits.enter("192.0.2.9", "mine") > 0
    assert limits.enter("192.0.2.1", "another") > 0


def test_one_who_writes_his_credential_in_many_ways_has_one_count() -> None:
    """A token beside cookies of one's own choosing: each of them looks like another."""
    limits = Limits(lambda: 10)
    for number in range(8):
        limits.good(f"way {number}", "ann")
    waits = [limits.enter("192.0.2.1", f"way {number % 8}") for number in range(20)]
    assert waits[:10] == [0] * 10
    assert all(waits[10:])


def test_changed_settings_count_at_once() -> None:
    most = [10]
    limits = Limits(lambda: most[0])
    for _ in range(11):
        limits.enter("192.0.2.1", "")
    assert limits.enter("192.0.2.1", "") > 0
    most[0] = 100
    assert limits.enter("192.0.2.1", "") == 0


def test_wrong_secrets_of_senders_shut_the_door_for_their_address_alone() -> None:
    limits = Limits(lambda: 10)
    for _ in range(WRONG_POSTS):
        assert limits.post("192.0.2.1") == 0
        limits.wrong_post("192.0.2.1")
    assert limits.post("192.0.2.1") > 0
    assert limits.post("192.0.2.2") == 0


def test_what_is_remembered_is_bounded() -> None:
    limits = Limits(lambda: 10)
    for number in range(GOOD + 10):
        limits.good(str(number), "ann")
    assert len(limits._good) == GOOD


def test_a_customers_ipv6_network_counts_as_one() -> None:
    assert near("2001:db8::1") == near("2001:db8::ffff:1") != near("2001:db8:0:1::1")
    assert near("192.0.2.1") != near("192.0.2.2")


def test_a_credential_is_never_kept_as_it_is() -> None:
    shown = credential_of([(b"authorization", b"Bearer af_1_secret"), (b"host", b"a")])
    assert "secret" not in shown
    assert credential_of([(b"host", b"a")]) == ""
