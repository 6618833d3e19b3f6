"""Pages to people in Chinese: the words differ, what programs read and the link's place do not."""

from __future__ import annotations

from autofix.core.digests import compose_digest
from autofix.core.messages import ACK_LINE, compose, compose_blind, compose_over
from autofix.core.pages import Member
from autofix.core.runbooks import Runbook
from autofix.core.runs import Outcome, RunState
from autofix.i18n import words
from storekit import incident, page, run

ZH = words("zh")
BOOK = Runbook("disk-full", "磁盘将满", (), None)


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
