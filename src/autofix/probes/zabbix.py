"""The probe `zabbix`: values of items and open problems of hosts, by the API of Zabbix 6.0 on.

Hosts are matched by their technical name. The variables are `zabbix_url` (where the frontend is),
`zabbix_token` (an API token of a user who may read) and `zabbix_tls_ca` (`_cert`, `_key`,
`_check_hostname`). One HTTP request asks for everything of all hosts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autofix.core.readings import Fact, Target, Value
from autofix.options import Field, field_validator, model_validator
from autofix.probes import asking, variables
from autofix.probes.asking import Access, AskError, ask, items, mapping, number
from autofix.probes.common import table
from autofix.probes.matching import Answer, Row
from autofix.probes.monitoring import COMMON, Monitoring, MonitoringOptions
from autofix.probes.net import Deadline
from autofix.probes.words import one_line

PATH = "/api_jsonrpc.php"
MOST_ITEMS, MOST_NAMES = 16, 20
_NUMBERS = ("0", "3")  # value_type of numbers: float, unsigned
_NEWER = "bearer"  # 6.4 and later read the header; before, the token goes with each call

FACTS = (
    Fact("value", "object", "the last value of `item`: a number or a text"),
    Fact("unit", "string", "its unit, as Zabbix has it"),
    Fact("item_error", "string", "why Zabbix has no value of an item; absent when it has"),
    Fact("problems", "integer", "triggers that are in problem state (with `problems`)"),
    Fact("problem_names", "list", "what these say, the most severe first, 20 at most"),
    Fact("severity", "integer", "of the worst: 0 not classified … 5 disaster; absent without one"),
    Fact("problem_age_seconds", "integer", "how long the oldest has been in problem state", "s"),
    *COMMON,
)


class ZabbixOptions(MonitoringOptions):
    """Which items, and whether problems are asked for."""

    item: str = Field(default="", max_length=2048, description="the key of an item")
    items: dict[str, str] = Field(
        default_factory=dict, max_length=MOST_ITEMS, description="several keys, by fact"
    )
    problems: bool = Field(default=False, description="ask for triggers in problem state")
    problem: str = Field(default="", max_length=255, description="only those whose name has this")
    severity: int = Field(default=0, ge=0, le=5, description="only those at least so severe")

    @field_validator("items")
    @classmethod
    def _keys(cls, value: dict[str, str]) -> dict[str, str]:
        for name, key in value.items():
            if not key.strip():
                raise ValueError(f"the item of {one_line(name, 60)!r} has no key")
        return value

    @model_validator(mode="after")
    def _together(self) -> ZabbixOptions:
        if self.item and self.items:
            raise ValueError("write either item (one key) or items (several, by name)")
        if not self.item and not self.items and not self.asks_problems:
            raise ValueError("nothing is asked for: write item, items or problems: true")
        if self.by:
            raise ValueError("by: an item is there once a host; name several under items")
        return self

    @property
    def asks_problems(self) -> bool:
        return self.problems or bool(self.problem) or self.severity > 0

    @property
    def wanted(self) -> Mapping[str, str]:
        """Key by the fact that it gives."""
        return self.items or ({"value": self.item} if self.item else {})


class ZabbixProbe(Monitoring):
    """Implements Probe and FleetProbe."""

    name = "zabbix"
    title = "Zabbix"
    what = "item"
    facts: Mapping[str, Fact] = table(*FACTS)
    model = ZabbixOptions

    def __init__(self) -> None:
        self._styles: dict[str, str] = {}  # by URL: how it takes the token
        self._lock = threading.Lock()

    def access(self, target: Target) -> Access:
        token = variables.text(target, "zabbix_token")
        if not token:
            raise variables.VariableError(
                f"zabbix_token is not set for {target.host}: make an API token in Zabbix"
            )
        return asking.access(target, self.name, self.title)

    def own_names(self, wanted: ZabbixOptions) -> Sequence[str]:
        return list(wanted.items)

    def nothing(self, wanted: ZabbixOptions) -> Mapping[str, Value]:
        return {"problems": 0, "problem_names": []} if wanted.asks_problems else {}

    def answer(
        self,
        place: Access,
        wanted: ZabbixOptions,
        targets: Sequence[Target],
        deadline: Deadline,
        now: float,
    ) -> Answer:
        calls = _calls(wanted, [alias for each in targets for alias in _aliases(each)])
        results = self._called(place, calls, deadline)
        facts = {key: name for name, key in wanted.wanted.items()}
        rows: list[Row] = []
        if wanted.wanted:
            for one in items(results["items"], place, "result"):
                rows += _item(mapping(one, place, "an item"), facts, now)
        if wanted.asks_problems:
            hosts = items(results["hosts"], place, "result")
            triggers = items(results["triggers"], place, "result")
            rows += _problems(hosts, triggers, now)
        return Answer(rows)

    def _called(
        self, place: Access, calls: Mapping[str, tuple[str, Any]], deadline: Deadline
    ) -> dict[str, Any]:
        """Results by name. A server that does not know the header is asked the older way."""
        with self._lock:
            style = self._styles.get(place.url, _NEWER)
        try:
            return _asked(place, calls, deadline, style)
        except _NotAuthorised:
            other = "auth" if style == _NEWER else _NEWER
            try:
                found = _asked(place, calls, deadline, other)
            except AskError as error:
                raise AskError(f"{place} does not accept zabbix_token ({error})") from error
            with self._lock:
                self._styles[place.url] = other
            return found


class _NotAuthorised(AskError):
    """Zabbix does not know who asks."""


def _aliases(target: Target) -> Sequence[str]:
    return target.aliases or (target.host, target.address)


def _calls(wanted: ZabbixOptions, names: Sequence[str]) -> dict[str, tuple[str, Any]]:
    """Method and parameters by a name of ours."""
    found: dict[str, tuple[str, Any]] = {}
    # `strip_port` compares less than Zabbix would: then all hosts are asked for.
    narrowed = {} if wanted.strip_port else {"host": list(names)}
    if wanted.wanted:
        output = ["key_", "lastvalue", "lastclock", "value_type", "units", "state", "error"]
        keys = list(wanted.wanted.values())
        found["items"] = ("item.get", {
            "output": output, "selectHosts": ["host"], "monitored": True, "webitems": True,
            "filter": {"key_": keys, **narrowed},
        })  # fmt: skip
    if wanted.asks_problems:
        # A host without a problem has to be there, too: else it could be a host that is not there.
        found["hosts"] = ("host.get", {"output": ["host"], "monitored_hosts": True,
                                       "filter": narrowed})  # fmt: skip
        query: dict[str, Any] = {
            "output": ["description", "priority", "lastchange"], "selectHosts": ["host"],
            "monitored": True, "only_true": True, "skipDependent": True,
            "expandDescription": True, "filter": {"value": 1, **narrowed},
        }  # fmt: skip
        if wanted.problem:
            query["search"] = {"description": wanted.problem}
        if wanted.severity:
            query["min_severity"] = wanted.severity
        found["triggers"] = ("trigger.get", query)
    return found


def _asked(
    place: Access, calls: Mapping[str, tuple[str, Any]], deadline: Deadline, style: str
) -> dict[str, Any]:
    body: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "method": method, "params": params, "id": name}
        for name, (method, params) in calls.items()
    ]
    if style != _NEWER:
        token = dict(place.headers)["authorization"].removeprefix("Bearer ")
        body = [{**each, "auth": token} for each in body]
        place = Access(place.title, place.prefix, place.url, (), place.tls)
    # One call goes alone: not every proxy in front of Zabbix lets lists through.
    asked = ask(place, deadline, "POST", PATH, body=body if len(body) > 1 else body[0])
    answers = asked if isinstance(asked, list) else [asked]
    found = {}
    for one in answers:
        answer = mapping(one, place, "it")
        if "error" in answer:
            raise _error(answer["error"], place)
        found[str(answer.get("id"))] = answer.get("result")
    missing = [name for name in calls if name not in found]
    if missing:
        raise asking.wrong_shape(place, f"no result for {missing[0]}")
    return found


def _error(error: Any, place: Access) -> AskError:
    told = asking.texts(error, ("message", "data"))
    said = one_line(" ".join(filter(None, told.values())), 200) or "no reason given"
    words = f"{place} refused: {said}"
    if "not authori" in said.lower() or "re-login" in said.lower():
        return _NotAuthorised(words)
    return AskError(words)


def _hosts(one: Mapping[str, Any]) -> Iterator[str]:
    """The technical names that an item or trigger is about."""
    hosts = one.get("hosts")
    for host in hosts if isinstance(hosts, list) else ():
        if isinstance(host, dict) and isinstance(host.get("host"), str):
            yield host["host"]


def _item(one: Mapping[str, Any], names: Mapping[str, str], now: float) -> Iterator[Row]:
    name = names.get(str(one.get("key_")))
    if name is None:
        return
    facts: dict[str, Value] = {}
    clock = number(one.get("lastclock")) or 0
    if clock > 0:  # 0: it never had a value, and `lastvalue` is an empty text or 0
        numeric = str(one.get("value_type")) in _NUMBERS
        last = one.get("lastvalue")
        facts[name] = number(last) if numeric else one_line(last, 1000)
        facts["age_seconds"] = round(max(0.0, now - clock), 3)
        if name == "value" and one.get("units"):
            facts["unit"] = one_line(one["units"], 60)
    if str(one.get("state")) == "1":
        # Zabbix can't read it now: the last value is not how it is.
        facts.pop(name, None)
        facts["item_error"] = one_line(one.get("error") or "not supported", 200)
    for host in _hosts(one):
        yield Row(host, facts, {}, name)


def _problems(hosts: Sequence[Any], triggers: Sequence[Any], now: float) -> Iterator[Row]:
    """One row for each host that Zabbix has, with its problems."""
    open_: dict[str, list[Mapping[str, Any]]] = {}
    for one in triggers:
        if isinstance(one, dict):
            for host in _hosts(one):
                open_.setdefault(host, []).append(one)
    for each in hosts:
        name = each.get("host") if isinstance(each, dict) else None
        if isinstance(name, str):
            yield Row(name, _problem_facts(open_.get(name, []), now), {}, "problems")


def _problem_facts(triggers: Sequence[Mapping[str, Any]], now: float) -> dict[str, Value]:
    worst = sorted(triggers, key=lambda one: -(number(one.get("priority")) or 0))
    facts: dict[str, Value] = {
        "problems": len(worst),
        "problem_names": [one_line(one.get("description"), 200) for one in worst[:MOST_NAMES]],
    }
    if worst:
        since = [number(one.get("lastchange")) or now for one in worst]
        facts["severity"] = int(number(worst[0].get("priority")) or 0)
        facts["problem_age_seconds"] = int(max(0, now - min(since)))
    return facts
