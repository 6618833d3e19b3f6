"""Files of any shape: problems are said, nothing is raised, and no secret is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofix.config.document import parse
from autofix.config.runbook_models import RunbookFile
from autofix.config.settings_models import SettingsFile

Site = Any  # of conftest.py, which can't be imported by name

WORDS = st.sampled_from(
    [
        "redis",
        "none",
        "a.yml",
        "30s",
        "P1",
        "x > 1",
        "{{ inputs.a }}",
        "{{ a",
        "../x.yml",
        "",
        "é\x00",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)


def keys_of(schema: dict[str, Any]) -> list[str]:
    parts = [schema, *schema["$defs"].values()]
    return sorted({key for part in parts for key in part["properties"]} | {"x", "alert", "type"})


def shaped(model: Any) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(keys_of(model.model_json_schema()))
    inner = st.recursive(
        SCALARS,
        lambda one: st.lists(one, max_size=3) | st.dictionaries(keys, one, max_size=5),
        max_leaves=12,
    )
    return st.dictionaries(keys, inner, max_size=8)


QUIET = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUIET
@given(shaped(RunbookFile))
def test_a_runbook_of_any_shape_raises_nothing(site: Site, value: dict[str, Any]) -> None:
    site.write("runbooks/redis.yaml", json.dumps(value))
    for one in site.load().problems:
        assert "\n" not in str(one).replace(str(site.folder), "")
        assert "\x00" not in str(one)


@QUIET
@given(st.data())
def test_a_good_runbook_with_one_value_replaced_raises_nothing(
    site: Site, runbook_text: str, data: Any
) -> None:
    value = parse(runbook_text, "f").value
    paths = [keys for keys in parse(runbook_text, "f").places if keys]
    *above, last = data.draw(st.sampled_from(sorted(paths, key=str)))
    holder = value
    for key in above:
        holder = holder[key]
    holder[last] = data.draw(SCALARS | st.lists(WORDS, max_size=2) | st.just({"x": 1}))
    site.write("runbooks/redis.yaml", json.dumps(value))
    project = site.load()
    assert project.errors or project.runbooks


@QUIET
@given(shaped(SettingsFile), st.text(min_size=1, max_size=3))
def test_settings_of_any_shape_raise_nothing(site: Site, value: dict[str, Any], name: str) -> None:
    value = {**value, "channels": {name: value.get("channels")}, "overrides": value.get("x")}
    site.write("autofix.yaml", json.dumps(value))
    assert isinstance(site.load().problems, tuple)


@QUIET
@given(shaped(RunbookFile), st.sampled_from(["verify", "fix", "triggers", "guards", "inputs"]))
def test_overrides_of_any_shape_raise_nothing(site: Site, value: Any, key: str) -> None:
    over = {"overrides": {"redis-full": {**value, key: value.get(key, value)}}}
    site.write("autofix.yaml", json.dumps(over))
    assert isinstance(site.load().problems, tuple)


@pytest.mark.parametrize("place", ["runbooks/redis.yaml", "autofix.yaml"])
def test_a_folder_in_place_of_a_file_is_one_problem(site: Site, place: str) -> None:
    path: Path = site.folder / place
    path.unlink()
    path.mkdir()
    if place == "autofix.yaml":
        with pytest.raises(Exception, match="no autofix"):
            site.load()
        return
    assert site.errors() == ["runbooks/redis.yaml: this is a folder (a YAML file is needed here)"]


def test_a_runbook_of_ten_megabytes_is_one_problem(site: Site) -> None:
    site.write("runbooks/big.yaml", "a: " + "x" * 10 * 1024 * 1024)
    assert site.errors() == [
        "runbooks/big.yaml: the file is too large: 10.0 MiB (at most 1 MiB is read)"
    ]
    assert list(site.load().runbooks) == ["redis-full"]
