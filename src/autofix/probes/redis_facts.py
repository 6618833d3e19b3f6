"""Redis: the facts, and INFO turned into them. Pure; works on Redis 5 to 8 and Valkey."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from autofix.core.readings import Fact, Value
from autofix.probes.common import table
from autofix.probes.words import one_line

FACTS: Mapping[str, Fact] = table(
    Fact("port", "integer", "the port looked at; absent on a Unix socket"),
    Fact("flavour", "string", "redis or valkey"),
    Fact("version", "string", "version of the server"),
    Fact("mode", "string", "standalone, cluster or sentinel"),
    Fact("uptime_seconds", "integer", "since the server started", "s"),
    Fact("loading", "boolean", "the data set is still being loaded from disk"),
    # memory
    Fact("used_memory", "integer", "memory allocated for data and overhead", "bytes"),
    Fact("used_memory_rss", "integer", "memory the process holds of the host", "bytes"),
    Fact("used_memory_peak", "integer", "highest used_memory so far", "bytes"),
    Fact("maxmemory", "integer", "limit of used_memory; 0 means no limit", "bytes"),
    Fact("used_memory_ratio", "number", "used_memory / maxmemory; absent without a limit"),
    Fact("used_memory_peak_ratio", "number", "used_memory_peak / maxmemory; absent likewise"),
    Fact("maxmemory_policy", "string", "which keys may be evicted, e.g. volatile-lru"),
    Fact("not_counted_for_eviction", "integer", "buffers outside the limit", "bytes"),
    Fact("mem_fragmentation_ratio", "number", "used_memory_rss / used_memory"),
    Fact("resident_overhead_bytes", "integer", "held of the host, not used for data", "bytes"),
    Fact("resident_overhead_ratio", "number", "resident_overhead_bytes / used_memory_rss"),
    Fact("purgeable_bytes", "integer", "what MEMORY PURGE may give back at most", "bytes"),
    Fact("purgeable_ratio", "number", "purgeable_bytes / used_memory_rss"),
    Fact("host_memory_total", "integer", "memory of the host", "bytes"),
    # keys
    Fact("keys", "integer", "keys in all databases"),
    Fact("keys_with_ttl", "integer", "keys that expire by themselves"),
    Fact("keys_with_ttl_ratio", "number", "keys_with_ttl / keys; absent without keys"),
    Fact("evicted_keys", "integer", "keys evicted since the start (counter)"),
    Fact("expired_keys", "integer", "keys expired since the start (counter)"),
    Fact("hit_ratio", "number", "found / looked up since the start; absent before the first"),
    # clients
    Fact("connected_clients", "integer", "client connections now"),
    Fact("maxclients", "integer", "limit of client connections"),
    Fact("clients_ratio", "number", "connected_clients / maxclients"),
    Fact("blocked_clients", "integer", "clients waiting in a blocking call"),
    Fact("rejected_connections", "integer", "refused because of maxclients (counter)"),
    Fact("ops_per_second", "integer", "commands a second now", "1/s"),
    # persistence
    Fact("aof_enabled", "boolean", "the append-only file is on"),
    Fact("aof_rewrite_in_progress", "boolean", "the AOF is being rewritten"),
    Fact("aof_rewrite_scheduled", "boolean", "a rewrite waits for the running save"),
    Fact("aof_last_rewrite_ok", "boolean", "the last AOF rewrite went well"),
    Fact("aof_last_write_ok", "boolean", "the last write to the AOF went well"),
    Fact("aof_size", "integer", "size of the AOF; absent when it is off", "bytes"),
    Fact("aof_base_size", "integer", "its size after the last rewrite", "bytes"),
    Fact("rdb_last_save_ok", "boolean", "the last snapshot went well"),
    Fact("rdb_bgsave_in_progress", "boolean", "a snapshot is being written"),
    Fact("seconds_since_last_save", "integer", "age of the last good snapshot", "s"),
    Fact("latest_fork_usec", "integer", "how long the last fork stopped the server", "us"),
    # replication
    Fact("role", "string", "master or slave, as Redis says it"),
    Fact("connected_replicas", "integer", "replicas connected to this server"),
    Fact("replicas_max_lag_seconds", "integer", "the slowest replica's last word", "s"),
    Fact("replicas_max_behind_bytes", "integer", "how far the slowest is behind", "bytes"),
    Fact("master_link_up", "boolean", "replica: the link to its master is up"),
    Fact("master_sync_in_progress", "boolean", "replica: a full copy is under way"),
    Fact("replication_lag_seconds", "integer", "replica: since the master was heard", "s"),
)

_COPIED_INTEGERS = {
    "uptime_seconds": "uptime_in_seconds",
    "used_memory": "used_memory",
    "used_memory_rss": "used_memory_rss",
    "used_memory_peak": "used_memory_peak",
    "maxmemory": "maxmemory",
    "not_counted_for_eviction": "mem_not_counted_for_evict",
    "host_memory_total": "total_system_memory",
    "evicted_keys": "evicted_keys",
    "expired_keys": "expired_keys",
    "connected_clients": "connected_clients",
    "maxclients": "maxclients",
    "blocked_clients": "blocked_clients",
    "rejected_connections": "rejected_connections",
    "ops_per_second": "instantaneous_ops_per_sec",
    "latest_fork_usec": "latest_fork_usec",
    "connected_replicas": "connected_slaves",
    "aof_size": "aof_current_size",
    "aof_base_size": "aof_base_size",
}
_COPIED_TEXTS = {
    "maxmemory_policy": "maxmemory_policy",
    "role": "role",
}
_FLAGS = {
    "loading": ("loading", "1"),
    "aof_enabled": ("aof_enabled", "1"),
    "aof_rewrite_in_progress": ("aof_rewrite_in_progress", "1"),
    "aof_rewrite_scheduled": ("aof_rewrite_scheduled", "1"),
    "aof_last_rewrite_ok": ("aof_last_bgrewrite_status", "ok"),
    "aof_last_write_ok": ("aof_last_write_status", "ok"),
    "rdb_last_save_ok": ("rdb_last_bgsave_status", "ok"),
    "rdb_bgsave_in_progress": ("rdb_bgsave_in_progress", "1"),
    "master_link_up": ("master_link_status", "up"),
    "master_sync_in_progress": ("master_sync_in_progress", "1"),
}
_MAX = 2**53 - 1  # beyond this JSON readers disagree

Info = Mapping[str, str]
Number = TypeVar("Number", int, float)


def parse_info(text: str) -> dict[str, str]:
    """`name:value` lines of INFO; a section `# Name` becomes the key `# name`."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.strip().partition(":")
        if line.startswith("#"):
            found[f"# {line[1:].strip().lower()}"] = ""
        elif colon and name:
            found[name] = value
    return found


def facts_of(info: Info, *, now: float, port: int | None = None) -> dict[str, Value]:
    """Every fact that this INFO tells; what it doesn't tell is absent. Never raises."""
    facts: dict[str, Value] = {"reachable": True, "error": None}
    _put(facts, "port", port)
    for name, key in _COPIED_INTEGERS.items():
        _put(facts, name, _integer(info, key))
    for name, key in _COPIED_TEXTS.items():
        _put(facts, name, _text(info, key))
    for name, (key, yes) in _FLAGS.items():
        _put(facts, name, info[key] == yes if info.get(key) else None)
    for part in (_server, _memory, _keys, _ratios, _replica, _replicas):
        facts.update(part(info, facts))
    _put(facts, "seconds_since_last_save", _since_save(info, now))
    return {name: facts[name] for name in FACTS if name in facts}


def _server(info: Info, _: Info) -> dict[str, Value]:
    valkey = "valkey_version" in info
    found: dict[str, Value] = {"flavour": "valkey" if valkey else "redis"}
    # Valkey keeps redis_version (the one it is compatible with) beside its own.
    _put(found, "version", _text(info, "valkey_version") or _text(info, "redis_version"))
    _put(found, "mode", _text(info, "server_mode") or _text(info, "redis_mode"))
    return found


def _memory(info: Info, facts: Mapping[str, Value]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    _put(found, "mem_fragmentation_ratio", _number(info, "mem_fragmentation_ratio"))
    used, resident = facts.get("used_memory"), facts.get("used_memory_rss")
    if used is not None and resident:
        found["resident_overhead_bytes"] = max(0, resident - used)
        found["resident_overhead_ratio"] = max(0.0, (resident - used) / resident)
    # Pages that the allocator keeps without using them: all that a purge can hand back.
    idle = _integer(info, "allocator_rss_bytes")
    if idle is not None and resident:
        found["purgeable_bytes"] = max(0, idle)
        found["purgeable_ratio"] = max(0.0, idle / resident)
    return found


def _keys(info: Info, _: Info) -> dict[str, Value]:
    databases = [
        dict(pair.partition("=")[::2] for pair in value.split(","))
        for name, value in info.items()
        if name.startswith("db") and name[2:].isdecimal()
    ]
    if not databases and "# keyspace" not in info:
        return {}
    keys = sum(_integer(database, "keys") or 0 for database in databases)
    expiring = sum(_integer(database, "expires") or 0 for database in databases)
    found: dict[str, Value] = {"keys": keys, "keys_with_ttl": expiring}
    return {**found, "keys_with_ttl_ratio": expiring / keys} if keys > 0 else found


def _ratios(info: Info, facts: Mapping[str, Value]) -> dict[str, Value]:
    hits, misses = _integer(info, "keyspace_hits"), _integer(info, "keyspace_misses")
    looked_up = (hits or 0) + (misses or 0)
    found: dict[str, Value] = {"hit_ratio": (hits or 0) / looked_up} if looked_up > 0 else {}
    for name, part, whole in (
        ("used_memory_ratio", "used_memory", "maxmemory"),
        ("used_memory_peak_ratio", "used_memory_peak", "maxmemory"),
        ("clients_ratio", "connected_clients", "maxclients"),
    ):
        if facts.get(part) is not None and facts.get(whole, 0) > 0:
            found[name] = facts[part] / facts[whole]
    return found


def _replica(info: Info, facts: Mapping[str, Value]) -> dict[str, Value]:
    if "master_link_up" not in facts:
        return {}
    up = facts["master_link_up"]
    key = "master_last_io_seconds_ago" if up else "master_link_down_since_seconds"
    silent = _integer(info, key)
    # -1 means that there was no contact yet: how long is not known.
    return {"replication_lag_seconds": silent} if silent is not None and silent >= 0 else {}


def _replicas(info: Info, _: Info) -> dict[str, Value]:
    lines = [
        dict(pair.partition("=")[::2] for pair in value.split(","))
        for name, value in info.items()
        if name.startswith("slave") and name[5:].isdecimal()
    ]
    found: dict[str, Value] = {}
    lags = [lag for line in lines if (lag := _integer(line, "lag")) is not None and lag >= 0]
    if lags:
        found["replicas_max_lag_seconds"] = max(lags)
    written = _integer(info, "master_repl_offset")
    read = [offset for line in lines if (offset := _integer(line, "offset")) is not None]
    if written is not None and read:
        found["replicas_max_behind_bytes"] = max(0, written - min(read))
    return found


def _since_save(info: Info, now: float) -> int | None:
    saved = _integer(info, "rdb_last_save_time")
    clock = _integer(info, "server_time_usec")  # its own clock, so that skew does not count
    seen = clock / 1e6 if clock else now
    return max(0, int(seen - saved)) if saved else None


def _put(facts: dict[str, Value], name: str, value: Value) -> None:
    if value is not None:
        facts[name] = value


def _text(info: Info, key: str) -> str | None:
    return one_line(info[key], 60) if info.get(key) else None


def _integer(info: Info, key: str) -> int | None:
    return _read(info, key, int)


def _number(info: Info, key: str) -> float | None:
    return _read(info, key, float)


def _read(info: Info, key: str, kind: Callable[[str], Number]) -> Number | None:
    try:
        value = kind(info[key])
    except (KeyError, ValueError):
        return None
    return value if abs(value) <= _MAX else None  # false for NaN as well
