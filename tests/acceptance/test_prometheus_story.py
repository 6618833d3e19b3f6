"""A real Prometheus says which host is ill: that one is fixed, and Prometheus says it is well."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from autofix.core.readings import Reading, Target
from autofix.probes.prometheus import PrometheusProbe
from servers.project import Project
from servers.scraped import queries, scraped

RUNBOOK = """
    name: too-full
    title: It is too full
    triggers:
      - probe: prometheus
        hosts: web
        every: 1s
        with: {query: demo_fill, strip_port: true}
        when: value > 0.9
        for: 1s
        blind: {after: 2, then: hold}
    fix:
      - playbook: drain.yml
    verify:
      probe: prometheus
      with: {query: demo_fill, strip_port: true}
      until: value < 0.5
      within: 30s
      every: 500ms
      hold: 1s
    """
PLAY = """
    - hosts: all
      gather_facts: false
      tasks:
        - name: Drain it
          ansible.builtin.copy: {dest: "FOLDER/{{ inventory_hostname }}", content: "0.1"}
        - name: Note that this host was touched
          ansible.builtin.file: {path: "FOLDER/touched-{{ inventory_hostname }}", state: touch}
    """
#: web2 is known to Prometheus by another name, web3 not at all, web4 is nobody of ours.
SCRAPED = {"web1:9100": "web1", "web2.example:9100": "web2", "web4:9100": "web4"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "hosts"
    made.mkdir()
    for name in SCRAPED.values():
        fill(made, name, "0.2")
    return made


def fill(folder: Path, name: str, number: str) -> None:
    new = folder / f".{name}"
    new.write_text(number)
    new.replace(folder / name)


@pytest.fixture
def site(tmp_path: Path, folder: Path) -> Iterator[tuple[Project, str]]:
    with ExitStack() as stack:
        pages = {instance: folder / name for instance, name in SCRAPED.items()}
        url = stack.enter_context(scraped(tmp_path / "prometheus", pages))
        hosts = {"web1": {}, "web2": {"autofix_aliases": ["web2.example"]}, "web3": {}}
        settings = {"connections": {"prometheus": {"url": url}}}
        (tmp_path / "site").mkdir()
        project = stack.enter_context(Project(tmp_path / "site", {"web": hosts}, settings))
        project.runbook("too-full", RUNBOOK)
        project.playbook("drain.yml", PLAY.replace("FOLDER", str(folder)))
        yield project, url


def touched(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.glob("touched-*"))


def test_a_host_that_prometheus_calls_ill_is_fixed_and_no_other(
    site: tuple[Project, str], folder: Path
) -> None:
    project, url = site
    project.serve()
    project.wait_for(lambda: queries(url) >= 2)
    before, began = queries(url), time.monotonic()
    project.wait_for(lambda: queries(url) >= before + 3)
    # Three hosts, one question a slot.
    assert queries(url) - before <= time.monotonic() - began + 2

    fill(folder, "web4", "0.99")
    fill(folder, "web2", "0.97")
    healed = project.wait_for_state(1, "healed", "escalated")
    assert (healed["state"], healed["host"]) == ("healed", "web2"), healed
    assert healed["facts_before"]["value"] == 0.97
    assert healed["facts_before"]["metric"]["instance"] == "web2.example:9100"
    assert healed["facts"]["value"] == 0.1
    assert touched(folder) == ["touched-web2"]
    assert [each["host"] for each in project.json("incidents", "list", "--all")] == ["web2"]

    why = project.autofix("why", "too-full", "--host", "web3").stdout
    assert "no series of web3" in why
    assert project.stop() == 0


def test_each_kind_of_question_is_understood_by_a_real_prometheus(
    tmp_path: Path, folder: Path
) -> None:
    with scraped(tmp_path / "prometheus", {"web1:9100": folder / "web1"}) as url:
        target = Target("web1", "10.0.0.1", {"prometheus_url": url})

        def look(timeout: float = 10.0, **options: Any) -> Reading:
            wanted = {"strip_port": True, **options}
            (reading,) = PrometheusProbe().look(target, wanted, timeout=timeout, now=time.time())
            return reading

        deadline = time.monotonic() + 30
        while look(query="demo_fill").error:
            assert time.monotonic() < deadline, look(query="demo_fill").error
            time.sleep(0.2)
        fill(folder, "web1", "0.8")
        while look(query="demo_fill").facts["value"] != 0.8:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        ranged = look(query="demo_fill", range="1m", step="250ms").facts
        assert (ranged["min"], ranged["max"], ranged["value"]) == (0.2, 0.8, 0.8)
        samples = look(query="demo_fill[1m]").facts
        assert samples["samples"] >= 2
        assert 0 < samples["age_seconds"] < 5
        several = look(queries={"fill": "demo_fill", "up_": "up", "nan": "demo_fill * NaN"}).facts
        assert (several["fill"], several["up_"], several["series"]) == (0.8, 1, 3)
        assert "nan" not in several
        assert look(query="scalar(demo_fill)", label="").facts["value"] == 0.8
        assert look(query="demo_fill > 2", absent="empty").facts["series"] == 0
        assert "no series of web1" in look(query="demo_fill > 2").error
        assert "parse error" in look(query="sum(").error
        assert "has the label 'instance'" in look(query="sum(demo_fill)").error
