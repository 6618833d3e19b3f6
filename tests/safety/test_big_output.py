"""However much a run says, our own memory stays small, and what is kept is cut and marked."""

import json
import tracemalloc
from pathlib import Path

import pytest

from autofix.ansible.ledger import Ledger
from autofix.ansible.text import Redactor
from autofix.ansible.wire import WireReader
from autofix.core.runs import Outcome
from servers.site import Site

GROWTH = 50 * 1024  # KiB

STDOUT = "- command: head -c {size} /dev/zero\n- fail: {{msg: the end}}"
DEBUG = "- debug: {{msg: \"{{{{ 'x' * {size} }}}}\"}}\n- fail: {{msg: the end}}"
EVENTS = '- debug: {{msg: x}}\n  loop: "{{{{ range({size}) | list }}}}"\n- fail: {{msg: the end}}'

MIB = 1024 * 1024
SHORT = [(STDOUT, 10 * MIB), (DEBUG, 5 * MIB), (EVENTS, 1_500)]
LONG = [(STDOUT, 100 * MIB), (DEBUG, 50 * MIB), (EVENTS, 100_000)]


def peak(pid="self"):
    """The most memory a process has had so far, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def run_flood(tmp_path, flood, size, cap):
    site = Site(tmp_path, output_cap=cap)
    site.tasks(flood.format(size=size))
    before = peak()
    result = site.run(timeout=1700.0)
    return site, result, peak() - before


def kept(site):
    return sum(len(event.text) + len(event.task) for event in site.events)


def assert_kept_small(site, result, grown, cap):
    assert result.outcome == Outcome.FAILED
    assert result.reason == "failed in task 'fail': the end"
    assert "the end" in site.texts("failed")
    assert site.kinds()[-1] == "stats"
    assert kept(site) <= cap + 256 * 1024
    assert grown < GROWTH


@pytest.mark.parametrize(("flood", "size"), SHORT)
def test_a_flood_grows_our_memory_little_and_is_cut(tmp_path, flood, size):
    cap = 64 * 1024
    site, result, grown = run_flood(tmp_path, flood, size, cap)
    assert_kept_small(site, result, grown, cap)


def test_a_hundred_thousand_events_are_counted_and_only_few_are_kept():
    reader, book = WireReader(), Ledger("web1", Redactor(["hunter22"]), MIB)
    tracemalloc.start()
    kept = []
    for number in range(1, 100_001):
        message = {"n": number, "kind": "changed", "at": 1.0, "host": "web1", "text": "x" * 20}
        for told in reader.feed(json.dumps(message).encode() + b"\n"):
            kept += book.take(told)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert book.tally.done == 100_000
    assert len(kept) < 5_000
    assert book.truncated
    assert most < GROWTH * 1024 / 5


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("flood", "size"), LONG)
def test_a_deluge_grows_our_memory_little_and_is_cut(tmp_path, flood, size):
    site, result, grown = run_flood(tmp_path, flood, size, MIB)
    assert_kept_small(site, result, grown, MIB)
