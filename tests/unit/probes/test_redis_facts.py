"""INFO of real servers and the facts it becomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.probes.redis_facts import FACTS, facts_of, parse_info

RECORDED = Path(__file__).parent / "recorded"
NOW = 1_714_701_500.0


def facts(name: str, **changes: Any) -> dict[str, Any]:
    info = parse_info((RECORDED / f"{name}.txt").read_text())
    return facts_of({**info, **{key: str(value) for key, value in changes.items()}}, now=NOW)


def test_memory_of_a_server_with_a_limit() -> None:
    seen = facts("redis-7.0-master")
    assert seen["used_memory"] == 18000032
    assert seen["used_memory_ratio"] == pytest.approx(18000032 / (20 << 20))
    assert seen["maxmemory_policy"] == "volatile-lru"
    assert seen["resident_overhead_bytes"] == seen["used_memory_rss"] - seen["used_memory"]
    assert 0 < seen["resident_overhead_ratio"] < 1
    assert 0 < seen["purgeable_bytes"] < seen["used_memory_rss"]


def test_without_a_limit_there_is_no_ratio() -> None:
    seen = facts("valkey-8.0")
    assert seen["maxmemory"] == 0
    assert "used_memory_ratio" not in seen
    assert "used_memory_peak_ratio" not in seen


def test_keys_of_all_databases_and_how_many_expire() -> None:
    seen = facts("redis-5.0")
    assert (seen["keys"], seen["keys_with_ttl"]) == (2000, 400)
    assert seen["keys_with_ttl_ratio"] == 0.2


def test_an_empty_server_has_no_keys_and_no_ratios() -> None:
    seen = facts("valkey-8.0")
    assert (seen["keys"], seen["keys_with_ttl"]) == (0, 0)
    assert "keys_with_ttl_ratio" not in seen
    assert "hit_ratio" not in seen


def test_append_only_file() -> None:
    seen = facts("redis-7.0-master")
    assert seen["aof_enabled"] is True
    assert seen["aof_last_rewrite_ok"] is True
    assert seen["aof_rewrite_in_progress"] is False
    assert seen["aof_size"] == seen["aof_base_size"] == 15227576
    assert "aof_size" not in facts("redis-5.0")


def test_a_failed_snapshot_is_seen() -> None:
    seen = facts("redis-5.0")
    assert seen["rdb_last_save_ok"] is False
    assert seen["rdb_bgsave_in_progress"] is True
    assert seen["hit_ratio"] == 0.75


def test_the_age_of_the_last_save_counts_by_the_servers_own_clock() -> None:
    assert facts("valkey-8.0")["seconds_since_last_save"] == 10
    assert facts("redis-5.0")["seconds_since_last_save"] == int(NOW) - 1560356831


def test_old_servers_do_not_tell_maxclients() -> None:
    assert "clients_ratio" not in facts("redis-5.0")
    assert facts("redis-5.0", maxclients=70)["clients_ratio"] == 0.1


def test_valkey_says_its_own_version_and_mode() -> None:
    seen = facts("valkey-8.0")
    assert (seen["flavour"], seen["version"], seen["mode"]) == ("valkey", "8.0.1", "standalone")


def test_a_master_knows_its_replicas() -> None:
    seen = facts("redis-7.0-master")
    assert (seen["role"], seen["connected_replicas"]) == ("master", 1)
    assert seen["replicas_max_lag_seconds"] == 1
    assert seen["replicas_max_behind_bytes"] == 0
    assert "replication_lag_seconds" not in seen
    assert "master_link_up" not in seen


def test_a_replica_knows_how_long_its_master_is_silent() -> None:
    seen = facts("redis-7.0-replica")
    assert (seen["role"], seen["master_link_up"]) == ("slave", True)
    assert seen["replication_lag_seconds"] == 2


def test_a_replica_without_link_counts_from_its_loss() -> None:
    seen = facts("redis-7.0-replica-link-down")
    assert seen["master_link_up"] is False
    assert seen["replication_lag_seconds"] == 3
    never = facts("redis-7.0-replica-link-down", master_link_down_since_seconds=-1)
    assert "replication_lag_seconds" not in never


def test_a_sentinel_has_no_memory_and_no_keys() -> None:
    seen = facts("redis-7.0-sentinel")
    assert seen["mode"] == "sentinel"
    assert not {"used_memory", "used_memory_ratio", "keys", "role"} & set(seen)


def test_a_server_that_loads_its_data_says_so() -> None:
    assert facts("redis-7.0-master", loading=1)["loading"] is True


@pytest.mark.parametrize("value", ["nan", "inf", "-nan", "", "much", "9" * 400])
def test_a_number_that_is_none_is_absent(value: str) -> None:
    seen = facts("redis-7.0-master", mem_fragmentation_ratio=value, used_memory=value)
    assert not {"mem_fragmentation_ratio", "used_memory", "used_memory_ratio"} & set(seen)


@pytest.mark.parametrize("recorded", sorted(RECORDED.glob("redis-*.txt")), ids=lambda p: p.stem)
def test_every_fact_is_declared_and_of_its_type(recorded: Path) -> None:
    types: dict[str, Any] = {"integer": int, "number": (int, float), "boolean": bool, "string": str}
    for name, value in facts(recorded.stem).items():
        if name != "error":
            assert isinstance(value, types[FACTS[name].type]), name


lines = st.lists(
    st.tuples(
        st.sampled_from(
            ["used_memory", "maxmemory", "db0", "slave0", "keyspace_hits", "rdb_last_save_time"]
        )
        | st.text(max_size=12),
        st.sampled_from(["0", "-1", "keys=3,expires=x", "keys=-5", "offset=,lag=1"])
        | st.integers().map(str)
        | st.text(max_size=20),
    ).map(":".join)
)


@given(lines)
def test_whatever_a_server_says_facts_stay_json(said: list[str]) -> None:
    seen = facts_of(parse_info("\n".join(said)), now=NOW)
    assert seen["reachable"] is True
    json.dumps(seen, allow_nan=False)
    assert set(seen) <= set(FACTS)
