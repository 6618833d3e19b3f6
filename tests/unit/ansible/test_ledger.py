"""Events are passed on within a cap, and counted whether or not they are passed on."""

from autofix.ansible.ledger import Ledger
from autofix.ansible.text import STRUCK, Redactor


def ledger(cap=10_000, secrets=(), **options):
    return Ledger("web1", Redactor(secrets), cap, **options)


def message(kind, n=1, host="web1", **fields):
    return {"n": n, "kind": kind, "at": 12.5, "host": host, "task": "t", **fields}


def stats(hosts, **fields):
    return message("stats", host="", data={"hosts": hosts, **fields})


def test_an_event_keeps_what_the_callback_told_made_inert_and_struck():
    told = message(
        "failed", play="p", text="no\x1b[0m hunter22", data={"rc": 3, "item": "hunter22"}
    )
    (event,) = ledger(secrets=["hunter22"]).take(told)
    assert (event.kind, event.at, event.play, event.task, event.host) == (
        "failed",
        12.5,
        "p",
        "t",
        "web1",
    )
    assert event.text == f"no\\x1b[0m {STRUCK}"
    assert event.data == {"rc": 3, "item": STRUCK}


def test_after_the_cap_only_failures_and_statistics_pass_and_one_notice_says_so():
    book = ledger(cap=2_000)
    told = [message("output", text="x" * 300) for _ in range(50)]
    told += [message("failed", text="why"), stats({"web1": {"ok": 1}})]
    kinds = [event.kind for one in told for event in book.take(one)]
    assert kinds == ["output"] * 3 + ["notice", "failed", "stats"]
    assert book.truncated


def test_even_failures_do_not_pass_without_end():
    book = ledger(cap=1_000)
    passed = [e for _ in range(5_000) for e in book.take(message("failed", text="y" * 1_000))]
    assert len(passed) < 300
    assert [event.kind for event in book.take(stats({"web1": {"ok": 1}}))] == ["stats"]


def test_tasks_beyond_the_cap_still_count():
    book = ledger(cap=1)
    for _ in range(10):
        list(book.take(message("changed", data={"action": "command"})))
    assert book.tally.done == book.tally.changed == 10


def test_gathering_facts_and_including_is_no_work():
    book = ledger()
    for action in ("gather_facts", "ansible.builtin.setup", "ansible.builtin.include_tasks"):
        list(book.take(message("ok", data={"action": action})))
    assert book.tally.done == 0


def test_a_task_in_check_mode_is_no_work_unless_that_was_asked_for():
    told = message("changed", data={"action": "command", "check": True})
    unasked, asked = ledger(), ledger(check=True)
    list(unasked.take(told))
    list(asked.take(told))
    assert (unasked.tally.done, unasked.tally.checked) == (0, 1)
    assert (asked.tally.done, asked.tally.checked) == (1, 0)


def test_items_of_a_loop_count_once():
    book = ledger()
    for data in ({"item": "a"}, {"item": "b"}, {"loop": True}):
        list(book.take(message("changed", data={"action": "command", **data})))
    assert book.tally.done == 1


def test_the_failure_of_a_loop_is_told_by_its_item():
    book = ledger()
    list(book.take(message("failed", text="disk full", data={"item": "b"})))
    list(book.take(message("failed", text="One or more items failed", data={"loop": True})))
    assert book.tally.failure == "task 't': disk full"


def test_a_host_that_was_not_approved_is_noticed_in_events_and_in_statistics():
    in_events, in_stats = ledger(), ledger()
    list(in_events.take(message("ok", host="web2")))
    list(in_stats.take(stats({"web1": {"ok": 1}, "web3": {"ok": 1}})))
    assert in_events.tally.stranger == "web2"
    assert in_stats.tally.stranger == "web3"


def test_the_report_is_struck_and_does_not_travel_as_an_event():
    book = ledger(secrets=["hunter22"])
    (event,) = book.take(stats({"web1": {"ok": 1}}, report={"password": "hunter22", "n": 1}))
    assert book.tally.report == {"password": STRUCK, "n": 1}
    assert event.data == {"hosts": {"web1": {"ok": 1}}}


def test_kinds_that_nobody_knows_are_not_passed_on():
    assert list(ledger().take(message("owned"))) == []
