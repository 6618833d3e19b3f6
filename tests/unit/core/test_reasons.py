"""Stored sentences are found again and said in Chinese; anything else stays as it is."""

from __future__ import annotations

import time

import pytest

from autofix.alerts.admitting import Why
from autofix.core.reasons import shapes, told
from autofix.core.words import ENGLISH
from autofix.i18n import words

ZH = words("zh")


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("healed", "已修复"),
        (
            "load_1 < 10 (load_1 = 0.7), and stayed so for 5s",
            "load_1 < 10 (load_1 = 0.7)，并保持了 5s",
        ),
        (
            "pause: web3 paused by keeper: new disk: sda",
            "暂停：web3 已由 keeper 暂停：new disk: sda",
        ),
        ("everything paused by ann", "全部已由 ann 暂停"),
        (
            "step 2 (purge.yml) needs a person's approval",
            "步骤 2（purge.yml）需要人工批准",
        ),
        (
            "step 2 (purge.yml) needs a person's approval: a > 1",
            "步骤 2（purge.yml）需要人工批准：a > 1",
        ),
        (
            "the last step did not heal: not gone within 20s: load_1 < 10 (load_1 = 80)",
            "最后一步未能修复：20s 内未消失：load_1 < 10 (load_1 = 80)",
        ),
        (
            "compress.yml ended timed_out: is the symptom gone?",
            "compress.yml 超时：症状是否消失？",
        ),
        (
            "held by hours: night is closed and opens in 2h",
            "因工作时间暂缓：night 当前非工作时间，2h 后开放",
        ),
        ("answer missed 5m ago (it is fixing)", "响应时限已超过 5m（当前修复中）"),
        ("cooldown: cooldown for another 4m: the last incident here ended 1m ago",
         "冷却期：冷却期还有 4m：此处上一个事件于 1m 前结束"),
        ("compress.yml ended nonsense", "compress.yml ended nonsense"),
        ("batch x of y", "batch x of y"),
        (
            "nobody knows this sentence: not even us",
            "nobody knows this sentence: not even us",
        ),
        ("", ""),
        (
            "evict.yml when role == 'master', rolled back by back.yml, afterwards a.yml, approval "
            "always",
            "evict.yml，当 role == 'master'，用 back.yml 回滚，事后执行 a.yml，需要审批",
        ),
        ("at once: chat, else mail, else phone", "立即：chat，失败则 mail，失败则 phone"),
        (
            "of many hosts: first up to 1 host, then up to 20%; at most 2 hosts at the same time; "
            "when one does not heal, the rest is left alone",
            "多台主机时：先处理最多 1 台主机，再最多 20%；同时最多 2 台主机；"
            "若有一台未修复，其余不再处理",
        ),
        (
            "guard pause: brakes: web3 paused by keeper: new disk",
            "防护 暂停：阻止：web3 已由 keeper 暂停：new disk",
        ),
        (
            "trigger 1 (probe host: load_1 > 50): firing, 1m 43s ago: load_1 > 50 (load_1 = 90)",
            "触发器 1（探测 host: load_1 > 50）：触发中，1m 43s 前：load_1 > 50 (load_1 = 90)",
        ),
        (
            "nothing is open (last: incident 3, healed); if a trigger fired now it would act: "
            "step 1 of 1: x.yml",
            "没有未结事件（上一个：事件 3，已修复）；若现在触发，将执行：步骤 1/1：x.yml",
        ),
        (
            "vera may not do this: it needs the role auditor or admin",
            "vera 无权执行此操作：需要角色 审计员 或 管理员",
        ),
        (
            "incident 3 is held; only one that is escalated or acknowledged can be resolved",
            "事件 3 暂缓；只有已升级或已接手的事件可以解决",
        ),
        ("it was fine when x, approval pending", "it was fine when x, approval pending"),
    ],
)  # fmt: skip
def test_a_sentence_is_told(stored: str, said: str) -> None:
    assert told(stored, ZH) == said
    assert told(stored, ENGLISH) == stored


@pytest.mark.parametrize("shape", shapes(), ids=lambda shape: shape.sentence)
def test_every_sentence_finds_itself(shape: object) -> None:
    values = {"outcome": "timed_out", "state": "held", "guard": "hours", "kind": "rollback"}
    values |= {"role": "admin", "watch": "firing", "runstate": "started", "file": "x.yml"}
    values |= {"deadline": "triage", "span": "5m", "done": "x.yml", "n": "7"}
    text = (
        "".join(
            fixed + values.get(name.rstrip("23"), "x1")
            for fixed, name in zip(shape.fixed, (*shape.names, ""), strict=True)  # type: ignore[attr-defined]
            if name
        )
        + shape.fixed[-1]
    )  # type: ignore[attr-defined]
    assert told(text, ZH) != text


@pytest.mark.parametrize(
    "piece", [": ", "; ", "not gone: ", ", and stayed so for ", " paused by ", " ended ok", "("]
)
def test_long_texts_of_strangers_cost_next_to_nothing(piece: str) -> None:
    began = time.process_time()
    told((piece * 4000)[:4000], ZH)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("why", Why)
def test_why_a_post_is_not_let_in_is_told(why: Why) -> None:
    assert told(str(why), ZH) != str(why)
