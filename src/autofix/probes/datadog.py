"""The probe `datadog`: a metric query over a window (API v1), the facts of all hosts by one query.

The query groups by the tag that names the host (`… by {host}`). The variables are `datadog_url`
(by default https://api.datadoghq.com; other sites have their own), `datadog_api_key` and
`datadog_app_key`, and `datadog_tls_ca` (`_cert`, `_key`, `_check_hostname`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autofix.core.readings import Fact, Target, Value
from autofix.options import Duration, Field, field_validator
from autofix.probes import asking, variables
from autofix.probes.asking import Access, AskError, ask, items, mapping, number
from autofix.probes.common import table
from autofix.probes.matching import Answer, Row
from autofix.probes.monitoring import COMMON, Monitoring, MonitoringOptions
from autofix.probes.net import Deadline
from autofix.probes.words import one_line

SITE = "https://api.datadoghq.com"
PATH = "/api/v1/query"
LONGEST = 30 * 86400.0

FACTS = (
    Fact("value", "number", "the last value in the window"),
    Fact("min", "number", "the least value in the window"),
    Fact("max", "number", "the greatest value in the window"),
    Fact("avg", "number", "the mean of the points in the window"),
    Fact("samples", "integer", "how many points the window has"),
    Fact("unit", "string", "its unit, as Datadog has it"),
    *COMMON,
)


class DatadogOptions(MonitoringOptions):
    """What to ask, over how long, and which tag names the host."""

    query: str = Field(
        min_length=1, max_length=10_000, description="avg:system.load.1{*} by {host}"
    )
    window: Duration = Field(default=300.0, description="from so long ago until now")
    tag: str = Field(default="host", min_length=1, max_length=200)

    @field_validator("window")
    @classmethod
    def _window(cls, value: float) -> float:
        if not 1 <= value <= LONGEST:
            raise ValueError("from a second to 30 days")
        return value


class DatadogProbe(Monitoring):
    """Implements Probe and FleetProbe."""

    name = "datadog"
    title = "Datadog"
    facts: Mapping[str, Fact] = table(*FACTS)
    model = DatadogOptions

    def access(self, target: Target) -> Access:
        headers = []
        for key, header in (("api_key", "dd-api-key"), ("app_key", "dd-application-key")):
            value = variables.text(target, f"datadog_{key}")
            if not value:
                raise variables.VariableError(f"datadog_{key} is not set for {target.host}")
            headers.append((header, asking.header_text(value, f"datadog_{key}")))
        return asking.access(target, self.name, self.title, SITE).with_headers(*headers)

    def answer(
        self,
        place: Access,
        wanted: DatadogOptions,
        targets: Sequence[Target],  # noqa: ARG002 - a query is narrowed by who writes it
        deadline: Deadline,
        now: float,
    ) -> Answer:
        params = {
            "from": str(int(now - wanted.window)),
            "to": str(int(now)),
            "query": wanted.query,
        }
        found = mapping(ask(place, deadline, "GET", PATH, params=params), place, "it")
        if found.get("status") not in (None, "ok") or found.get("error"):
            said = one_line(found.get("error") or found.get("message") or "no reason given", 200)
            raise AskError(f"{place} refused the query: {said}")
        series = [
            mapping(one, place, "a series") for one in items(found.get("series"), place, "series")
        ]
        rows = [_row(one, wanted.tag, place, now) for one in series]
        named = [row for row in rows if row is not None]
        if rows and not named:
            tag = one_line(wanted.tag, 60)
            raise AskError(
                f"{place}: no series has the tag {tag!r}: end the query with by {{{tag}}}"
            )
        # A message beside good series says what is missing.
        return Answer(named, one_line(found.get("message") or "", 300))


def _row(series: Mapping[str, Any], tag: str, place: Access, now: float) -> Row | None:
    """One series; None when it lacks the tag that names the host."""
    tags = series.get("tag_set")
    if not isinstance(tags, list) or not tags:
        tags = str(series.get("scope") or "").split(",")
    labels = {}
    for each in tags[:100]:
        name, _, value = str(each)[:1000].partition(":")
        labels[name.strip()] = value
    if not labels.get(tag):
        return None
    points = items(series.get("pointlist"), place, "pointlist")
    facts = _facts(points, now)
    unit = series.get("unit")
    if isinstance(unit, list) and unit and isinstance(unit[0], dict):
        facts["unit"] = one_line(unit[0].get("short_name") or unit[0].get("name") or "", 60)
    return Row(labels[tag], facts, labels, "value")


def _facts(points: Sequence[Any], now: float) -> dict[str, Value]:
    """Of (milliseconds, value) pairs; a null is a gap."""
    known: list[tuple[float, float]] = []
    for each in points:
        if isinstance(each, list) and len(each) == 2:
            at, value = number(each[0]), number(each[1])
            if at is not None and value is not None:
                known.append((at, value))
    if not known:
        return {"samples": 0}
    values = [value for _, value in known]
    at, last = max(known, key=lambda pair: pair[0])
    return {
        "value": last,
        "min": min(values),
        "max": max(values),
        "avg": sum(values) / len(values),
        "samples": len(values),
        "age_seconds": round(max(0.0, now - at / 1000), 3),
    }
