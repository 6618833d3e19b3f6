"""The probe `prometheus`: any PromQL; one query gives the facts of all hosts.

It speaks the HTTP API v1, which Thanos, Mimir and VictoriaMetrics have as well. Where it is comes
from the variables `prometheus_url`, `prometheus_user` and `prometheus_password` or
`prometheus_token`, and `prometheus_tls_ca` (`_cert`, `_key`, `_check_hostname`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autofix.core.readings import Fact, Target, Value
from autofix.options import Duration, Field, field_validator, model_validator
from autofix.probes.asking import Access, AskError, ask, items, mapping, number, wrong_shape
from autofix.probes.common import table
from autofix.probes.matching import Answer, Row
from autofix.probes.monitoring import COMMON, Monitoring, MonitoringOptions
from autofix.probes.net import Deadline
from autofix.probes.words import one_line

MOST_QUERIES = 8
MOST_POINTS = 10_000  # of one series over `range`

FACTS = (
    Fact("value", "number", "the (last) value of `query`; absent when it is NaN or infinite"),
    Fact("metric", "object", "the labels of its series"),
    Fact("min", "number", "the least value in the range; absent for one moment"),
    Fact("max", "number", "the greatest value in the range"),
    Fact("avg", "number", "the mean of the samples in the range"),
    Fact("samples", "integer", "how many samples the range has"),
    *COMMON,
)


class PrometheusOptions(MonitoringOptions):
    """What to ask, and which label names the host."""

    query: str = Field(default="", max_length=10_000, description="PromQL")
    queries: dict[str, str] = Field(
        default_factory=dict,
        max_length=MOST_QUERIES,
        description="several queries by the name of the fact that each gives",
    )
    label: str = Field(
        default="instance",
        description="the label that names the host; empty: the series counts for every host",
    )
    range: Duration = Field(default=0.0, description="look at so long before now; 0: at now")
    step: Duration = Field(default=0.0, description="the distance of samples; 0: range / 60")

    @field_validator("queries")
    @classmethod
    def _some(cls, value: dict[str, str]) -> dict[str, str]:
        for name, query in value.items():
            if not query.strip():
                raise ValueError(f"the query of {one_line(name, 60)!r} is empty")
        return value

    @model_validator(mode="after")
    def _together(self) -> PrometheusOptions:
        if bool(self.query.strip()) == bool(self.queries):
            raise ValueError("write either query (PromQL) or queries (several, by name)")
        if self.step and not self.range:
            raise ValueError("step is for a range: set range, too")
        if self.range and self.range / self.distance > MOST_POINTS:
            raise ValueError(f"a range of over {MOST_POINTS} steps is too much: widen step")
        return self

    @property
    def distance(self) -> float:
        return self.step or max(1.0, self.range / 60)

    @property
    def wanted(self) -> Mapping[str, str]:
        """Query by the fact that it gives."""
        return self.queries or {"value": self.query}


class PrometheusProbe(Monitoring):
    """Implements Probe and FleetProbe."""

    name = "prometheus"
    title = "Prometheus"
    facts: Mapping[str, Fact] = table(*FACTS)
    model = PrometheusOptions

    def own_names(self, wanted: PrometheusOptions) -> Sequence[str]:
        return list(wanted.queries)

    def answer(
        self,
        place: Access,
        wanted: PrometheusOptions,
        targets: Sequence[Target],  # noqa: ARG002 - PromQL can't be narrowed from outside
        deadline: Deadline,
        now: float,
    ) -> Answer:
        rows: list[Row] = []
        warnings: list[str] = []
        for name, query in wanted.wanted.items():
            data, warned = _asked(place, wanted, query, deadline, now)
            warnings += warned
            found = [_row(name, each, wanted, place, now) for each in _series(data, place)]
            named = [row for row in found if row is not None]
            if found and not named:
                raise AskError(_no_label(place, wanted.label))
            rows += named
        return Answer(rows, one_line("; ".join(warnings), 300) if warnings else "")


def _asked(
    place: Access, wanted: PrometheusOptions, query: str, deadline: Deadline, now: float
) -> tuple[Mapping[str, Any], list[str]]:
    """`data` of the answer, and its warnings."""
    form = {"query": query, "timeout": f"{deadline.left():.3f}"}
    path = "/api/v1/query"
    if wanted.range:
        path = "/api/v1/query_range"
        form |= {
            "start": f"{now - wanted.range:.3f}",
            "end": f"{now:.3f}",
            "step": f"{wanted.distance:.3f}",
        }
    answer = mapping(ask(place, deadline, "POST", path, form=form), place, "it")
    if answer.get("status") != "success":
        said = answer.get("error") if isinstance(answer.get("error"), str) else "no reason given"
        raise AskError(f"{place} refused the query: {one_line(said, 200)}")
    warnings = answer.get("warnings")
    warned = [str(each)[:200] for each in warnings[:5]] if isinstance(warnings, list) else []
    return mapping(answer.get("data"), place, "data"), warned


def _series(data: Mapping[str, Any], place: Access) -> Iterator[Mapping[str, Any]]:
    """Each series, whatever kind of result it is."""
    kind, result = data.get("resultType"), data.get("result")
    if kind == "scalar":
        yield {"metric": {}, "value": items(result, place, "result")}
    elif kind in ("vector", "matrix"):
        for each in items(result, place, "result"):
            yield mapping(each, place, "a series")
    else:
        raise wrong_shape(place, f"resultType is {one_line(kind, 40)!r}")


def _row(
    name: str, series: Mapping[str, Any], wanted: PrometheusOptions, place: Access, now: float
) -> Row | None:
    """One series; None when it lacks the label that names the host."""
    metric = mapping(series.get("metric"), place, "metric")
    labels = {str(key): str(value)[:1000] for key, value in list(metric.items())[:100]}
    points = [series["value"]] if "value" in series else series.get("values", [])
    facts = _facts(items(points, place, "values"), now)
    value = facts.pop("value", None)
    if name == "value":
        facts["metric"] = labels
    else:  # of several queries only the values are facts; the least of the rest means nothing
        facts = {key: each for key, each in facts.items() if key == "age_seconds"}
    if not wanted.label:
        return Row(None, {name: value, **facts}, labels, name)
    about = labels.get(wanted.label)
    return None if about is None else Row(about, {name: value, **facts}, labels, name)


def _no_label(place: Access, label: str) -> str:
    label = one_line(label, 60)
    return (
        f"{place}: no series of the answer has the label {label!r}: let the query keep it, "
        f"as in max by ({label}) (…)"
    )


def _facts(points: Sequence[Any], now: float) -> dict[str, Value]:
    """Of (time, value) pairs, oldest first."""
    pairs = [each for each in points if isinstance(each, list) and len(each) == 2]
    if not pairs:
        return {}
    last = number(pairs[-1][0])
    facts: dict[str, Value] = {"value": number(pairs[-1][1])}
    if last is not None:
        facts["age_seconds"] = round(max(0.0, now - last), 3)
    if len(points) > 1:
        known = [each for each in (number(pair[1]) for pair in pairs) if each is not None]
        facts["samples"] = len(known)
        if known:
            facts |= {"min": min(known), "max": max(known), "avg": sum(known) / len(known)}
    return facts
