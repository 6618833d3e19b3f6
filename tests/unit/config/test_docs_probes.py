"""The example runbooks of probes, in the page for users, are good ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from autofix import probes
from autofix.testing.inventory import FakeInventory

PAGE = Path(__file__).parents[3] / "docs/runbooks.md"
SECTIONS = re.findall(r"^### with for (\w+)\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.M | re.S)
EXAMPLES = {
    name: found[1]
    for name, text in SECTIONS
    if (found := re.search(r"```yaml\n(name:.*?)```", text, re.S))
}


def test_there_are_examples_of_asking_metrics_and_logs() -> None:
    assert {"prometheus", "elasticsearch"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_probe_is_a_good_runbook(name: str, site: Any) -> None:
    site = site.with_(
        probes={each: probes.load(each) for each in probes.TABLE},
        inventory=FakeInventory({"redis": {"r1": {}}, "app": {"a1": {}}, "db": {"d1": {}}}),
    )
    site.write("runbooks/example.yaml", EXAMPLES[name])
    for playbook in re.findall(r"[\w-]+\.yml", EXAMPLES[name]):
        site.write(f"playbooks/{playbook}", "- hosts: all\n")
    assert site.words(site.load().problems) == []
