"""The probes `elasticsearch` and `opensearch`: how many documents of a host match, over a window.

One search with an aggregation by the field that names the host gives the facts of all hosts. The
variables are `elasticsearch_url`, `elasticsearch_user` and `elasticsearch_password` or
`elasticsearch_api_key` (as Elasticsearch encodes it) or `elasticsearch_token`, and
`elasticsearch_tls_ca` (`_cert`, `_key`, `_check_hostname`); for OpenSearch the same with
`opensearch_` in front.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from autofix.core.readings import Fact, Target, Value
from autofix.options import Duration, Field, field_validator, model_validator
from autofix.probes import asking, variables
from autofix.probes.asking import Access, AskError, ask, items, mapping, number
from autofix.probes.common import table
from autofix.probes.matching import Answer, Row
from autofix.probes.monitoring import COMMON, Monitoring, MonitoringOptions
from autofix.probes.net import Deadline
from autofix.probes.words import one_line

LONGEST = 30 * 86400.0
MOST_HOSTS = 10_000  # Elasticsearch's own limit of buckets is 65,536
_INDEX = re.compile(r"[A-Za-z0-9_.*,<>{}:+-]{1,500}")

FACTS = (
    Fact("count", "integer", "documents of this host in the window that match `query`"),
    Fact("documents", "integer", "all documents of this host in the window"),
    Fact("value", "number", "the aggregate of `field` over those that match; absent without one"),
    Fact("latest", "string", "when the newest document that matches was, as the server writes it"),
    *COMMON,
)


class SearchOptions(MonitoringOptions):
    """What to search, where, over how long, and which field names the host."""

    index: str = Field(description="an index, data stream or pattern: logs-*")
    query: str | dict[str, Any] = Field(
        default="*", description="a query string as Kibana has it, or the query DSL"
    )
    window: Duration = Field(default=300.0, description="the length of time that is searched")
    delay: Duration = Field(
        default=0.0, description="let it end so long before now: logs may come late"
    )
    host_field: str = Field(default="host.name", min_length=1, max_length=255)
    time_field: str = Field(default="@timestamp", min_length=1, max_length=255)
    aggregate: Literal["avg", "min", "max", "sum", "cardinality"] | None = None
    field: str = Field(default="", max_length=255, description="what is aggregated")

    @field_validator("index")
    @classmethod
    def _index(cls, value: str) -> str:
        if not _INDEX.fullmatch(value) or ".." in value or value.startswith("_"):
            raise ValueError(f"{one_line(value, 60)!r} is not an index: write for example logs-*")
        return value

    @field_validator("window")
    @classmethod
    def _window(cls, value: float) -> float:
        if not 1 <= value <= LONGEST:
            raise ValueError("from a second to 30 days")
        return value

    @model_validator(mode="after")
    def _together(self) -> SearchOptions:
        if bool(self.aggregate) != bool(self.field):
            raise ValueError("aggregate and field belong together: {aggregate: max, field: took}")
        if self.by or self.stale_after:
            raise ValueError("by and stale_after have no meaning here: a window is counted")
        if isinstance(self.query, str) and not 0 < len(self.query.strip()) <= 10_000:
            raise ValueError("query is empty or too long: * is everything")
        return self


class ElasticsearchProbe(Monitoring):
    """Implements Probe and FleetProbe."""

    name = "elasticsearch"
    title = "Elasticsearch"
    what = "document"
    open_ended = False
    facts: Mapping[str, Fact] = table(*FACTS)
    model = SearchOptions

    def access(self, target: Target) -> Access:
        found = asking.access(target, self.name, self.title)
        key = variables.text(target, f"{self.name}_api_key")
        if key and not found.headers:
            text = asking.header_text(key, f"{self.name}_api_key")
            return found.with_headers(("authorization", f"ApiKey {text}"))
        return found

    def nothing(self, wanted: SearchOptions) -> Mapping[str, Value]:  # noqa: ARG002
        return {"count": 0, "documents": 0}

    def answer(
        self,
        place: Access,
        wanted: SearchOptions,
        targets: Sequence[Target],
        deadline: Deadline,
        now: float,
    ) -> Answer:
        path = f"/{quote(wanted.index, safe=',*')}/_search"
        body = _search(wanted, targets, deadline, now)
        found = mapping(ask(place, deadline, "POST", path, body=body), place, "it")
        shards = found.get("_shards")
        if isinstance(shards, dict) and shards.get("total") == 0:
            raise AskError(f"{place} has no index {one_line(wanted.index, 60)!r}")
        if partial := _partial(found):
            # Fewer documents than there are would look like health.
            raise AskError(f"{place} did not search everything: {partial}")
        hosts = mapping(found.get("aggregations"), place, "aggregations").get("hosts")
        buckets = mapping(hosts, place, "aggregations.hosts")
        if number(buckets.get("sum_other_doc_count")):
            partial = f"over {MOST_HOSTS} hosts"
        return Answer(list(_rows(items(buckets.get("buckets"), place, "buckets"), place)), partial)


class OpensearchProbe(ElasticsearchProbe):
    """The same API under another name, as it was when OpenSearch left Elasticsearch."""

    name = "opensearch"
    title = "OpenSearch"


def _search(
    wanted: SearchOptions, targets: Sequence[Target], deadline: Deadline, now: float
) -> dict[str, Any]:
    """The body: no documents, only counts by host. All documents of the hosts are counted as well
    as those that match: nothing that matches and nothing at all are two different things."""
    end = now - wanted.delay
    span = {"gte": int((end - wanted.window) * 1000), "lt": int(end * 1000)}
    narrow: list[Any] = [{"range": {wanted.time_field: {**span, "format": "epoch_millis"}}}]
    if not wanted.strip_port:
        names = {alias for each in targets for alias in each.aliases or (each.host, each.address)}
        narrow.append({"terms": {wanted.host_field: sorted(names)}})
    matching: Any = wanted.query
    if isinstance(matching, str):
        matching = {"query_string": {"query": matching, "analyze_wildcard": True}}
    inner: dict[str, Any] = {"latest": {"max": {"field": wanted.time_field}}}
    if wanted.aggregate:
        inner["value"] = {wanted.aggregate: {"field": wanted.field}}
    terms = {"field": wanted.host_field, "size": MOST_HOSTS}
    return {
        "size": 0,
        "track_total_hits": False,
        "timeout": f"{max(1, int(deadline.left() * 1000))}ms",
        "query": {"bool": {"filter": narrow}},
        "aggs": {"hosts": {"terms": terms, "aggs": {"found": {"filter": matching, "aggs": inner}}}},
    }


def _partial(found: Mapping[str, Any]) -> str:
    """Why not everything was searched, empty when it was."""
    shards = found.get("_shards")
    failed = number(shards.get("failed")) if isinstance(shards, dict) else 0
    if failed:
        return f"{failed} shards failed"
    return "the search ran out of time" if found.get("timed_out") else ""


def _rows(buckets: Sequence[Any], place: Access) -> Iterator[Row]:
    for each in buckets:
        bucket = mapping(each, place, "a bucket")
        about, all_ = bucket.get("key"), number(bucket.get("doc_count"))
        found = mapping(bucket.get("found"), place, "a filter")
        count = number(found.get("doc_count"))
        if all_ is None or count is None or not isinstance(about, str | int):
            raise asking.wrong_shape(place, "a bucket without a count")
        facts: dict[str, Value] = {"count": int(count), "documents": int(all_)}
        value, latest = found.get("value"), found.get("latest")
        if isinstance(value, dict):
            facts["value"] = number(value.get("value"))
        if isinstance(latest, dict) and latest.get("value_as_string"):
            facts["latest"] = one_line(latest["value_as_string"], 60)
        yield Row(str(about), facts, {}, "found")
