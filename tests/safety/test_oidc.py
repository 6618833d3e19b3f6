"""Logging in by an identity provider, against a real one on loopback: honest, and lying."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwk

from autofix.core.roles import Role
from autofix.errors import Denied
from autofix.web.oidc import LARGEST, Provider, Unreachable
from autofix.web.oidc_options import OidcOptions
from autofix.web.policy import V1
from doorkit import Door
from doorkit.web import House
from servers.oidc import CLIENT, SECRET, OidcServer

LOGIN, CALLBACK, SESSION = "/auth/oidc/login", "/auth/oidc/callback", f"{V1}/session"


class Site:
    """A house whose people come by a provider."""

    def __init__(self, provider: OidcServer, **options: Any) -> None:
        self.provider = provider
        self.house = House(Door())
        provider.now = self.house.door.clock.now
        given = {"roles": {"ops": "operator", "admins": "admin"}, **options}
        self.options = OidcOptions(
            issuer=provider.issuer, client_id=CLIENT, client_secret=SECRET, **given
        )
        self.house.oidc = Provider(self.options)

    def begin(self) -> tuple[str, dict[str, str]]:
        """Where the browser is sent, and its cookies."""
        said = self.house.ask("GET", LOGIN)
        assert said.status_code == 303, said.text
        return said.headers["location"], dict(said.cookies)

    def back(self, query: dict[str, str], cookies: dict[str, str]) -> httpx.Response:
        sent = {"cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())}
        return self.house.ask("GET", CALLBACK, params=query, headers=sent)

    def login(self) -> httpx.Response:
        url, cookies = self.begin()
        return self.back(self.provider.agree(url), cookies)

    def nobody_came_in(self, said: httpx.Response, status: int = 403) -> None:
        assert said.status_code == status, said.text
        assert "autofix=" not in said.headers.get("set-cookie", "").replace('autofix=""', "")
        assert self.house.door.desk().users() == []
        assert self.house.door.record("session.started") == []


@pytest.fixture(scope="module")
def server() -> Iterator[OidcServer]:
    with OidcServer() as found:
        yield found


@pytest.fixture
def provider(server: OidcServer) -> OidcServer:
    server.claims, server.discovery, server.answers, server.asked = {}, {}, {}, []
    server.forge = server.signed
    return server


@pytest.fixture
def site(provider: OidcServer) -> Site:
    return Site(provider)


def test_whom_the_provider_vouches_for_comes_in_with_his_groups_roles(site: Site) -> None:
    said = site.login()
    assert (said.status_code, said.headers["location"]) == (303, "/")
    assert "SameSite=lax" in said.headers["set-cookie"]
    cookie = {"cookie": f"autofix={said.cookies['autofix']}"}
    me = site.house.ask("GET", SESSION, headers=cookie).json()
    assert (me["name"], me["roles"], me["passed"]) == ("ann", ["operator"], True)
    [user] = site.house.door.desk().users()
    assert user.password == ""
    visit = site.house.door.entrance.doorman.by_session(said.cookies["autofix"], address="")
    assert visit is not None
    assert visit.principal.groups == ("ops",)


@pytest.mark.parametrize(
    ("wanted", "to"),
    [
        ("/incidents/3?x=1", "/incidents/3?x=1"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
    ],
)
def test_after_the_login_he_is_where_he_wanted_to_go_and_never_elsewhere(
    site: Site, wanted: str, to: str
) -> None:
    begun = site.house.ask("GET", LOGIN, params={"next": wanted})
    said = site.back(site.provider.agree(begun.headers["location"]), dict(begun.cookies))
    assert (said.status_code, said.headers["location"]) == (303, to)


def test_a_cookie_that_was_planted_leads_nowhere_else(site: Site) -> None:
    url, cookies = site.begin()
    planted = {**cookies, "autofix-wanted": "https%3A%2F%2Fevil.example"}
    assert site.back(site.provider.agree(url), planted).headers["location"] == "/"


def test_the_browser_is_sent_with_state_nonce_and_challenge(site: Site) -> None:
    url, cookies = site.begin()
    asked = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid profile email"
    assert asked["redirect_uri"] == f"http://autofix.test{CALLBACK}"
    assert cookies == {"autofix-oidc": asked["state"], "autofix-wanted": "%2F"}
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert SECRET not in url


def test_roles_follow_the_groups_at_each_login(site: Site) -> None:
    site.login()
    site.provider.claims = {"groups": ["admins", "others"]}
    site.login()
    [user] = site.house.door.desk().users()
    assert user.roles == {Role.ADMIN}
    site.provider.claims = {"groups": ["others"]}
    said = site.login()
    assert said.status_code == 403
    assert "gives you no role here" in said.text


@pytest.mark.parametrize("groups", [[], None, "nothing", ["x"], 7, {"ops": 1}, [["ops"]]])
def test_without_a_role_nobody_comes_in_and_is_told_why(site: Site, groups: object) -> None:
    site.provider.claims = {"groups": groups}
    said = site.login()
    site.nobody_came_in(said)
    assert "gives you no role here" in said.text
    assert site.house.door.denials()


def test_groups_may_be_nested_or_one_text(provider: OidcServer) -> None:
    site = Site(provider, roles_claim="realm_access.roles")
    provider.claims = {"realm_access": {"roles": ["ops"]}}
    assert site.login().status_code == 303
    site = Site(provider, roles_claim="https://example.com/role")
    provider.claims = {"https://example.com/role": "ops"}
    assert site.login().status_code == 303


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def hand_made(head: dict[str, Any], claims: dict[str, Any], sign: Any) -> str:
    said = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{said}.{b64(sign(said.encode()))}"


def unsigned(server: OidcServer, claims: dict[str, Any]) -> str:
    return hand_made({"alg": "none"}, claims, lambda _: b"")


def unsigned_in_capitals(server: OidcServer, claims: dict[str, Any]) -> str:
    return hand_made({"alg": "nOnE", "kid": "one"}, claims, lambda _: b"")


def by_the_public_key_as_secret(server: OidcServer, claims: dict[str, Any]) -> str:
    public = server.key.as_pem(private=False)
    head = {"alg": "HS256", "kid": "one", "typ": "JWT"}
    return hand_made(head, claims, lambda said: hmac.digest(public, said, hashlib.sha256))


def by_the_client_s_secret(server: OidcServer, claims: dict[str, Any]) -> str:
    head = {"alg": "HS256"}
    return hand_made(head, claims, lambda said: hmac.digest(SECRET.encode(), said, hashlib.sha256))


def by_another_key(server: OidcServer, claims: dict[str, Any]) -> str:
    return server.signed(claims, jwk.RSAKey.generate_key(2048, {"kid": "one"}))


def by_a_key_that_came_along(server: OidcServer, claims: dict[str, Any]) -> str:
    key = jwk.RSAKey.generate_key(2048, {"kid": "mine"})
    return server.signed(claims, key, jwk=key.as_dict(private=False))


def by_another_algorithm(server: OidcServer, claims: dict[str, Any]) -> str:
    return server.signed(claims, alg="RS512")


def changed_afterwards(server: OidcServer, claims: dict[str, Any]) -> str:
    head, _, seal = server.signed(claims).split(".")
    forged = b64(json.dumps({**claims, "groups": ["admins"]}).encode())
    return f"{head}.{forged}.{seal}"


def cut_short(server: OidcServer, claims: dict[str, Any]) -> str:
    return server.signed(claims).rpartition(".")[0] + "."


def nonsense(server: OidcServer, claims: dict[str, Any]) -> str:
    return "a.b.c"


FORGERIES = [unsigned, unsigned_in_capitals, by_the_public_key_as_secret, by_the_client_s_secret]
FORGERIES += [by_another_key, by_a_key_that_came_along, by_another_algorithm, changed_afterwards]
FORGERIES += [cut_short, nonsense]


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda each: each.__name__)
def test_a_forged_token_lets_nobody_in(site: Site, forgery: Any) -> None:
    site.provider.forge = lambda claims: forgery(site.provider, claims)
    said = site.login()
    site.nobody_came_in(said)
    assert "does not hold" in said.text
    assert site.house.door.denials()


def test_what_is_refused_differs_from_what_is_taken_by_nothing_else(site: Site) -> None:
    """The forgeries above say what an honest token says."""
    site.provider.forge = lambda claims: site.provider.signed(claims)
    assert site.login().status_code == 303


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.test"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client", "third"]},
        {"aud": ["autofix", "another-client"], "azp": "another-client"},
        {"aud": None},
        {"exp": 1_600_000_000},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": 1_900_000_000},
        {"iat": None},
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ""},
        {"sub": None},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"preferred_username": None},
        {"preferred_username": 7},
        {"preferred_username": "root"},
        {"preferred_username": "<b>x</b>"},
        {"preferred_username": "ann (token ci)"},
    ],
    ids=str,
)
def test_claims_that_do_not_hold_let_nobody_in(site: Site, claims: dict[str, Any]) -> None:
    site.provider.claims = claims
    said = site.login()
    site.nobody_came_in(said)
    assert "<b>" not in said.text


def test_a_login_is_bound_to_the_browser_that_began_it(site: Site) -> None:
    """Else a link could log somebody in as somebody else."""
    url, cookies = site.begin()
    back = site.provider.agree(url)
    _, others = site.begin()
    for sent in ({}, others, {"autofix-oidc": "x"}):
        site.nobody_came_in(site.back(back, sent))
    assert site.back(back, cookies).status_code == 303
    assert site.back(back, cookies).status_code == 403  # once


def test_a_login_that_takes_too_long_or_was_not_begun_is_refused(site: Site) -> None:
    url, cookies = site.begin()
    back = site.provider.agree(url)
    site.house.door.clock.advance(601)
    late = site.back(back, cookies)
    site.nobody_came_in(late)
    assert "was not begun here, or took too long" in late.text
    made_up = {"code": "x", "state": "made up"}
    never = site.back(made_up, {"autofix-oidc": "made up"})
    site.nobody_came_in(never)
    assert "was not begun here" in never.text
    bare = site.back({}, {})
    site.nobody_came_in(bare)
    assert "begun in another browser" in bare.text


def test_a_made_up_code_and_the_provider_s_no_are_told_in_words(site: Site) -> None:
    url, cookies = site.begin()
    state = site.provider.agree(url)["state"]
    said = site.back({"code": "made up", "state": state}, cookies)
    site.nobody_came_in(said)
    assert "took this login back" in said.text
    url, cookies = site.begin()
    state = site.provider.agree(url)["state"]
    said = site.back({"error": "access_denied<b>", "state": state}, cookies)
    site.nobody_came_in(said)
    assert "access_denied&lt;b&gt;" in said.text


def test_who_reads_chinese_is_refused_in_chinese(site: Site) -> None:
    said = site.back({}, {"autofix-language": "zh"})
    site.nobody_came_in(said)
    assert "本次登录是在另一个浏览器中开始的" in said.text
    assert "another browser" not in said.text


def test_a_name_with_a_password_here_is_not_taken_over(site: Site) -> None:
    site.house.door.user("ann", Role.ADMIN)
    said = site.login()
    assert said.status_code == 403
    assert "logs in with a password here" in said.text
    site.provider.claims = {"preferred_username": "ANN"}
    assert site.login().status_code == 403


def test_another_person_of_the_same_name_is_not_the_same(site: Site) -> None:
    assert site.login().status_code == 303
    site.provider.claims = {"sub": "4712"}
    said = site.login()
    assert said.status_code == 403
    assert "is somebody else at the identity provider" in said.text


def test_who_is_disabled_here_stays_outside(site: Site) -> None:
    site.login()
    site.house.door.desk().change_user("ann", disabled=True)
    assert site.login().status_code == 403


def test_an_account_made_beforehand_is_taken_by_who_comes_first(site: Site) -> None:
    site.house.door.user("ann", Role.VIEWER, password="", runbooks=["restart-nginx"])
    assert site.login().status_code == 303
    [user] = site.house.door.desk().users()
    assert (user.roles, user.runbooks) == ({Role.OPERATOR}, ("restart-nginx",))
    site.provider.claims = {"sub": "4712"}
    assert site.login().status_code == 403


def test_an_administrator_comes_from_where_the_settings_say(site: Site) -> None:
    site.house.door.set(admin_addresses=["10.0.0.0/8"])
    site.provider.claims = {"groups": ["admins"]}
    said = site.login()
    assert said.status_code == 403
    assert "may not come in from this address" in said.text


def test_changed_keys_are_asked_for_anew_and_not_for_each_token(site: Site) -> None:
    assert site.login().status_code == 303
    old, site.provider.key = site.provider.key, jwk.RSAKey.generate_key(2048, {"kid": "two"})
    try:
        site.house.door.clock.advance(31)
        assert site.login().status_code == 303
        before = site.provider.asked.count("/keys")
        site.provider.forge = lambda claims: unsigned(site.provider, claims)
        for _ in range(5):
            assert site.login().status_code == 403
        assert site.provider.asked.count("/keys") == before
    finally:
        site.provider.key = old


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/.well-known/openid-configuration", (500, {}, b"")),
        ("/.well-known/openid-configuration", (200, {}, b"not JSON")),
        ("/.well-known/openid-configuration", (200, {}, b"[]")),
        ("/.well-known/openid-configuration", (200, {}, b'{"issuer": "x", "issuer": "y"}')),
        ("/.well-known/openid-configuration", (200, {}, b" " * (LARGEST + 1))),
        ("/.well-known/openid-configuration", (302, {"location": "http://169.254.169.254/"}, b"")),
        ("/token", (500, {}, b"")),
        ("/token", (200, {}, b"[1]")),
        ("/token", (302, {"location": "http://169.254.169.254/"}, b"")),
        ("/keys", (200, {}, b'{"keys": 7}')),
        ("/keys", (200, {}, b'{"keys": [{"kty": "oct", "k": "AAAA"}]}')),
        ("/keys", (404, {}, b"")),
    ],
)
def test_a_provider_that_is_out_of_order_is_503_in_words(
    site: Site, path: str, answer: tuple[int, dict[str, str], bytes]
) -> None:
    site.provider.answers[path] = answer
    said = site.house.ask("GET", LOGIN)
    if said.status_code == 303:
        url, cookies = said.headers["location"], dict(said.cookies)
        said = site.back(site.provider.agree(url), cookies)
    assert said.status_code in (403, 503)
    assert "identity provider" in said.text
    assert site.house.door.desk().users() == []
    assert not [each for each in site.provider.asked if "169" in each]


@pytest.mark.parametrize(
    "places",
    [
        {"issuer": "https://evil.test"},
        {"jwks_uri": "http://169.254.169.254/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"token_endpoint": "http://evil.test/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
def test_a_provider_s_places_are_by_https_or_its_own(site: Site, places: dict[str, Any]) -> None:
    site.provider.discovery = places
    assert site.house.ask("GET", LOGIN).status_code == 503


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "0.0.0.0", "[::ffff:a9fe:a9fe]"])
def test_no_question_goes_to_a_cloud_s_metadata(site: Site, host: str) -> None:
    with pytest.raises(Unreachable, match="can't be asked"):
        site.house.oidc._asked("GET", f"https://{host}/keys")


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://login.example.com"},
        {"issuer": "ftp://login.example.com"},
        {"algorithms": ["none"]},
        {"algorithms": ["RS256", "HS256"]},
        {"algorithms": []},
        {"roles": {"ops": "king"}},
    ],
    ids=str,
)
def test_settings_that_would_let_anybody_in_are_refused(wrong: dict[str, Any]) -> None:
    fine = {"issuer": "https://login.example.com", "client_id": "x", "client_secret": "y"}
    OidcOptions(**fine)
    with pytest.raises(ValueError, match=r".+"):
        OidcOptions(**{**fine, **wrong})


def test_without_an_identity_provider_the_page_says_so() -> None:
    house = House(Door())
    for path in (LOGIN, CALLBACK):
        said = house.ask("GET", path)
        assert said.status_code == 404
        assert "is not set up" in said.text


def test_a_flood_of_logins_that_are_begun_is_throttled(site: Site) -> None:
    codes = [site.house.ask("GET", LOGIN).status_code for _ in range(35)]
    assert codes.count(303) == 30
    assert codes[-1] == 429


def test_an_empty_nonce_is_no_nonce(site: Site) -> None:
    now = site.house.door.clock.now()
    token = site.provider.signed(site.provider.honest(""))
    with pytest.raises(Denied):
        site.house.oidc.claims(token, "", now)
