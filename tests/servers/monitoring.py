"""Monitorings on loopback that answer as their makers document it, from facts a test sets.

Each is an `answer` function for `http_server`: it checks who asks, reads the request, and gives the
answer of the real one's shape. What a real one would refuse, it refuses in the same words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.http import Answer, Asked


def said(body: Any, status: int = 200, **headers: str) -> Answer:
    given = {"Content-Type": "application/json", **headers}
    return Answer(status, json.dumps(body).encode(), given)


@dataclass
class Zabbix:
    """`items`: by host, by key: a value, or a whole item.

    `problems`: (host, name, priority, since). `header`: it knows the Authorization header, as 6.4
    and later do.
    """

    token: str = "zabbix-t0ken"
    header: bool = True
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[tuple[str, str, int, int]] = field(default_factory=list)
    now: int = 1_800_000_000

    def __call__(self, asked: Asked) -> Answer:
        if asked.path != "/zabbix/api_jsonrpc.php":
            return Answer(404, b"<html>Not Found</html>")
        body = json.loads(asked.body)
        if isinstance(body, list):
            return said([self._one(each, asked.headers) for each in body])
        return said(self._one(body, asked.headers))

    def _one(self, call: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        head = {"jsonrpc": "2.0", "id": call["id"]}
        if self.header and "auth" in call:
            data = 'Invalid parameter "/": unexpected parameter "auth".'
            return {**head, "error": {"code": -32600, "message": "Invalid request.", "data": data}}
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if (given if self.header else call.get("auth")) != self.token:
            error = {"code": -32602, "message": "Invalid params.", "data": "Not authorized."}
            return {**head, "error": error}
        methods = {"item.get": self._items, "host.get": self._hosts, "trigger.get": self._triggers}
        return {**head, "result": methods[call["method"]](call["params"])}

    def _wanted(self, params: dict[str, Any]) -> list[str]:
        names = params["filter"].get("host")
        return [host for host in self.items if names is None or host in names]

    def _items(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        found = []
        for host in self._wanted(params):
            for key, value in self.items[host].items():
                if key in params["filter"]["key_"]:
                    found.append({"key_": key, "hosts": [{"hostid": "1", "host": host}],
                                  **self._item(value)})  # fmt: skip
        return found

    def _item(self, value: Any) -> dict[str, Any]:
        usual = {"lastvalue": str(value), "lastclock": str(self.now - 30), "units": "%",
                 "value_type": "4" if isinstance(value, str) else "0",
                 "state": "0", "error": ""}  # fmt: skip
        return {**usual, **value} if isinstance(value, dict) else usual

    def _hosts(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"hostid": "1", "host": host} for host in self._wanted(params)]

    def _triggers(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        hosts = self._wanted(params)
        part = params.get("search", {}).get("description", "").lower()
        return [
            {"triggerid": "1", "description": name, "priority": str(priority),
             "lastchange": str(since), "hosts": [{"hostid": "1", "host": host}]}
            for host, name, priority, since in self.problems
            if host in hosts and part in name.lower()
            and priority >= int(params.get("min_severity", 0))
        ]  # fmt: skip


@dataclass
class Datadog:
    """`series`: tags of each series, and its points (seconds before `now`, value)."""

    api_key: str = "dd-api"
    app_key: str = "dd-app"
    series: list[tuple[list[str], list[tuple[float, float | None]]]] = field(default_factory=list)
    now: float = 1_800_000_000.0

    def __call__(self, asked: Asked) -> Answer:
        place = urlsplit(asked.path)
        if place.path != "/api/v1/query":
            return said({"errors": ["Not found"]}, 404)
        keys = (asked.headers.get("dd-api-key"), asked.headers.get("dd-application-key"))
        if keys != (self.api_key, self.app_key):
            return said({"errors": ["Forbidden"]}, 403)
        asks = {key: value[0] for key, value in parse_qs(place.query).items()}
        if "{" not in asks["query"]:
            return said({"status": "error", "error": "Error parsing query: unable to parse"}, 400)
        found = [
            {"metric": "system.load.1", "display_name": "system.load.1", "tag_set": tags,
             "scope": ",".join(tags), "aggr": "avg", "interval": 20, "expression": asks["query"],
             "pointlist": [[(self.now - ago) * 1000, value] for ago, value in points],
             "unit": [{"family": "percentage", "name": "percent", "short_name": "%"}, None],
             "length": len(points), "start": 0, "end": 0}
            for tags, points in self.series
        ]  # fmt: skip
        return said({
            "status": "ok", "res_type": "time_series", "resp_version": 1, "message": "",
            "query": asks["query"], "from_date": int(asks["from"]) * 1000,
            "to_date": int(asks["to"]) * 1000, "group_by": ["host"], "series": found,
        })  # fmt: skip


@dataclass
class Search:
    """Elasticsearch or OpenSearch. `logs`: (host, seconds before `now`, text, took).

    It knows a query string that is one word, or a `match` of the message.
    """

    authorization: str = "ApiKey a2V5"
    logs: list[tuple[str, float, str, float]] = field(default_factory=list)
    now: float = 1_800_000_000.0
    failed_shards: int = 0
    timed_out: bool = False

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != self.authorization:
            reason = "missing authentication credentials for REST request"
            return said({"error": {"root_cause": [{"type": "security_exception", "reason": reason}],
                                   "type": "security_exception", "reason": reason},
                         "status": 401}, 401)  # fmt: skip
        if asked.path == "/none-*/_search":
            shards = {"total": 0, "successful": 0, "skipped": 0, "failed": 0}
            return said({"took": 0, "timed_out": False, "_shards": shards, "hits": {"hits": []}})
        if asked.path != "/logs-*/_search":
            reason = "no such index [logs]"
            return said({"error": {"root_cause": [{"type": "index_not_found_exception",
                                                   "reason": reason}], "reason": reason},
                         "status": 404}, 404)  # fmt: skip
        body = json.loads(asked.body)
        hosts = body["aggs"]["hosts"]
        buckets = self._buckets(body["query"]["bool"]["filter"], hosts["aggs"]["found"])
        return said({
            "took": 3, "timed_out": self.timed_out,
            "_shards": {"total": 5, "successful": 5 - self.failed_shards, "skipped": 0,
                        "failed": self.failed_shards},
            "hits": {"max_score": None, "hits": []},
            "aggregations": {"hosts": {"doc_count_error_upper_bound": 0,
                                       "sum_other_doc_count": 0, "buckets": buckets}},
        })  # fmt: skip

    def _buckets(self, narrow: list[Any], found: dict[str, Any]) -> list[dict[str, Any]]:
        span = narrow[0]["range"]["@timestamp"]
        names = narrow[1]["terms"]["host.name"]
        word = _word(found["filter"])
        buckets = []
        for host in dict.fromkeys(log[0] for log in self.logs if log[0] in names):
            mine = [
                log for log in self.logs
                if log[0] == host and span["gte"] <= (self.now - log[1]) * 1000 < span["lt"]
            ]  # fmt: skip
            if mine:
                matching = [log for log in mine if word in ("*", *log[2].split())]
                inner = {"doc_count": len(matching), "latest": {"value": None}}
                if matching:
                    inner["latest"] = {"value": 1.0, "value_as_string": "2027-01-15T08:00:00.000Z"}
                if "value" in found["aggs"]:
                    most = max((log[3] for log in matching), default=None)
                    inner["value"] = {"value": most}
                buckets.append({"key": host, "doc_count": len(mine), "found": inner})
        return buckets


def _word(query: dict[str, Any]) -> str:
    if "query_string" in query:
        return str(query["query_string"]["query"])
    return str(query["match"]["message"])
