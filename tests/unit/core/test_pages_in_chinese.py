"""Pages to people in Chinese: the words differ, what programs read and the link's place do not."""

from __future__ import annotations

import re
from functools import partial

import pytest

from autofix.core import watching_pages
from autofix.core.alerts import Alert, Delivery, DeliveryState
from autofix.core.digests import compose_digest
from autofix.core.messages import ACK_LINE, compose, compose_blind, compose_over
from autofix.core.pages import Member
from autofix.core.runbooks import Runbook
from autofix.core.runs import Outcome, RunState
from autofix.core.strangers import compose_hostile, compose_unplaced
from autofix.core.watching import Call, CallKind, Known, Memory, Open, Seen, Tick
from autofix.i18n import words
from storekit import incident, page, run

ZH = words("zh")
LATIN = re.compile(r"[A-Za-z]{2,}")
#: What stays as it is: names and commands.
KEPT = re.compile(r"autofix (status|serve)|systemctl status|autofix|serve|ops1|disk-full|web1|root")
BOOK = Runbook("disk-full", "磁盘将满", (), None)


def english_in(text: str) -> list[str]:
    return LATIN.findall(KEPT.sub("", text))


def test_a_page_keeps_its_key_its_data_and_the_links_place() -> None:
    about, why = incident(id=3, origin="probe"), "the last step did not heal: not gone within 20s"
    tried = [run(3, state=RunState.FINISHED, outcome=Outcome.TIMED_OUT, reason="all tasks ok")]
    english, said = (compose(about, BOOK, tried, why, 1060.0, 2, *more) for more in ((), (ZH,)))
    assert (said.dedup_key, said.data) == (english.dedup_key, english.data)
    assert f"\n{ACK_LINE}\n" in said.text
    assert "最后一步未能修复：20s 内未消失" in said.text
    assert "fix.yml → 超时" in said.text
    assert "the last step" not in said.title + said.text
    assert said.title.endswith("（第 2 次呼叫）")


def test_what_is_over_blind_or_a_storm() -> None:
    over = compose_over(incident(id=3, reason="acknowledged by ann"), "key", "ann", ZH)
    assert over.title.startswith("[P1] 已接手：")
    assert "由 ann 接手" in over.text
    blind = compose_blind(BOOK, "web1", 3, "timed out", ZH)
    assert "连续失败 3 次" in blind.text
    storm = compose_digest(
        page(), BOOK, [Member(1, 7, "web1", "acknowledged by ann", 1000.0)], 1, ZH
    )
    assert "磁盘将满：1 个事件" in storm.title
    assert ACK_LINE in storm.text


@pytest.mark.parametrize("kind", CallKind)
@pytest.mark.parametrize("again", [False, True])
def test_the_sentinel_speaks_chinese_too(kind: CallKind, again: bool) -> None:
    late = Open(7, "P1", "disk-full", "web1", "escalated", told=False)
    known = Known(900.0, (late,), 1, 1, ("disk-full web1",), leader="serve ops1")
    call = Call(kind, passed=(late,), again=again)
    seen = Seen(10.0, 1000.0, Tick("1", 900.0, 12, by="root"), "boot", known)
    for process in ("its process 12 is gone", "its process 12 is there, but hangs"):
        told = partial(
            watching_pages.compose, call, Memory(), seen, host="ops1", process=process, last="12:00"
        )
        english, said = told(), told(words=ZH)
        assert (said.dedup_key, said.data) == (english.dedup_key, english.data)
        assert english_in(said.title) == english_in(said.text) == []


def test_alerts_that_nothing_runs_for() -> None:
    row = Delivery(5, 1000.0, "prom", "", "", DeliveryState.ACCEPTED, 202, "")
    alert = Alert("DiskFull", True)
    told = compose_unplaced(alert, "web1", "no runbook is for it", ["no such alert"], row, "P2", ZH)
    assert told.title == "[P2] 告警 DiskFull（主机 web1）：没有对应的运行手册"
    told = compose_hostile(row, "no such alert", "P2", ZH)
    assert "它来自 prom（未知，没有地址）" in told.text
