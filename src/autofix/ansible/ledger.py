"""What a run's messages add up to: events passed on within a cap, and the tally for the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autofix.ansible.text import Redactor, inert, one_line
from autofix.ansible.wire import Message
from autofix.core.runs import RunEvent

#: Kinds that still pass after the cap, up to this much more.
ESSENTIAL = {"failed", "unreachable", "stats", "notice"}
ESSENTIAL_ROOM = 256 * 1024
CUT = " … (cut)"
EVENT_COST = 200  # bytes counted for an event beside its texts
#: Tasks that do nothing by themselves, so that "only these ran" is no success.
IDLE = {
    "gather_facts",
    "setup",
    "meta",
    "include",
    "include_tasks",
    "include_role",
    "include_vars",
    "import_playbook",
    "import_role",
    "import_tasks",
    "validate_argument_spec",
}
HOST_KEY_TROUBLE = {
    "REMOTE HOST IDENTIFICATION HAS CHANGED": "its SSH host key is not the one in known_hosts",
    "Host key verification failed": "its SSH host key is unknown: add it to known_hosts",
}
KINDS = ESSENTIAL | {"play", "task", "ok", "changed", "skipped", "ignored", "output"}


@dataclass
class Tally:
    """What counts for the verdict. `done`: tasks that did something and went well."""

    done: int = 0
    changed: int = 0
    tasks: int = 0
    skipped: int = 0
    ignored: int = 0
    checked: int = 0  # done only in check mode, without having been asked to
    plays_without_hosts: int = 0
    failure: str = ""  # the first real failure, in one line
    ignored_failure: str = ""
    unreachable: str = ""
    stranger: str = ""  # a host that was not approved
    refused: bool = False  # and was found before any task of the play
    broken: str = ""  # the callback could not tell an event
    stats: dict[str, dict[str, int]] | None = None
    report: Mapping[str, Any] = field(default_factory=dict)


class Ledger:
    """Takes every message of one run in order; `cap` is the bytes of text kept."""

    def __init__(self, host: str, redactor: Redactor, cap: int, *, check: bool = False) -> None:
        self.tally = Tally()
        self.truncated = False
        self._host = host
        self._redactor = redactor
        self._check = check
        self._cap = cap
        self._room = cap
        self._essential_room = ESSENTIAL_ROOM
        self._cut_off = False
        self._item_failure = ""

    def take(self, message: Message) -> Iterator[RunEvent]:
        """Count it, and give the events to pass on (none, one, or one and the cap's notice)."""
        kind = str(message["kind"])
        if kind == "broken":
            self.tally.broken = self.tally.broken or self._text(message) or "unknown error"
            return
        if kind == "refused":
            self.tally.stranger, self.tally.refused = self._named(message, "host"), True
            return
        if kind not in KINDS:
            return
        if (host := message.get("host")) and host != self._host:
            self.tally.stranger = self.tally.stranger or self._named(message, "host")
        self.truncated = self.truncated or bool(message.get("cut"))
        self._count(kind, message)
        yield from self._within_cap(kind, message)

    def _count(self, kind: str, message: Message) -> None:
        tally, data = self.tally, _data(message)
        if kind == "stats":
            self._take_stats(data)
        elif kind == "task":
            tally.tasks += 1
        elif kind == "notice" and data.get("no_hosts"):
            tally.plays_without_hosts += 1
        elif kind == "unreachable":
            tally.unreachable = tally.unreachable or self._why_unreachable(message)
        elif kind == "failed":
            self._count_failure(data, message)
        elif "item" not in data:
            self._count_task(kind, data, message)

    def _count_failure(self, data: Mapping[str, Any], message: Message) -> None:
        """A loop's items fail one by one; only the loop's own end says that the task failed."""
        if "item" in data:
            self._item_failure = self._why(message)
        elif not self.tally.failure:
            in_loop = "loop" in data and self._item_failure
            self.tally.failure = self._item_failure if in_loop else self._why(message)

    def _count_task(self, kind: str, data: Mapping[str, Any], message: Message) -> None:
        tally = self.tally
        if kind == "skipped":
            tally.skipped += 1
        elif kind == "ignored":
            tally.ignored += 1
            tally.ignored_failure = tally.ignored_failure or self._why(message)
        elif kind in ("ok", "changed") and not _idle(str(data.get("action", ""))):
            if data.get("check") and not self._check:
                tally.checked += 1
                return
            tally.done += 1
            tally.changed += kind == "changed"

    def _take_stats(self, data: Mapping[str, Any]) -> None:
        hosts = data.get("hosts") or {}
        self.tally.stats = {
            inert(str(host)): {str(name): int(count) for name, count in counts.items()}
            for host, counts in hosts.items()
        }
        strangers = sorted(set(hosts) - {self._host})
        if strangers:
            self.tally.stranger = self.tally.stranger or inert(strangers[0])
        self.tally.report = self._redactor.strike_value(data.get("report") or {})

    def _within_cap(self, kind: str, message: Message) -> Iterator[RunEvent]:
        if self._cut_off and kind not in ESSENTIAL:
            return
        event = self._event(kind, message)
        cost = EVENT_COST + len(event.text) + len(event.task) + len(event.play)
        if not self._cut_off and cost <= self._room:
            self._room -= cost
            yield event
            return
        if not self._cut_off:
            self._cut_off = self.truncated = True
            text = f"output cut at {_size(self._cap)}: only failures and the statistics follow"
            yield RunEvent("notice", _at(message), text=text, data={"truncated": True})
        if kind == "stats" or (kind in ESSENTIAL and cost <= self._essential_room):
            self._essential_room -= cost
            yield event

    def _event(self, kind: str, message: Message) -> RunEvent:
        data = dict(_data(message))
        if kind == "stats":
            data = {"hosts": self.tally.stats}
        return RunEvent(
            kind=kind,
            at=_at(message),
            play=self._named(message, "play"),
            task=self._named(message, "task"),
            host=self._named(message, "host"),
            text=self._text(message),
            data=self._redactor.strike_value(data | ({"cut": True} if message.get("cut") else {})),
        )

    def _text(self, message: Message) -> str:
        cut = bool(message.get("cut"))
        text = inert(self._redactor.strike(str(message.get("text", "")), cut=cut))
        return f"{text}{CUT}" if cut and text else text

    def _named(self, message: Message, name: str) -> str:
        return inert(self._redactor.strike(str(message.get(name, "")), cut=True))

    def _why(self, message: Message) -> str:
        task, text = self._named(message, "task"), self._text(message)
        return one_line(f"task {one_line(task, 100)!r}: {text}" if text else f"task {task!r}")

    def _why_unreachable(self, message: Message) -> str:
        """ssh says it in a box of a dozen lines; people need these two cases in one."""
        text = self._text(message)
        for mark, words in HOST_KEY_TROUBLE.items():
            if mark in text:
                return words
        return self._why(message)


def _idle(action: str) -> bool:
    return action.rpartition(".")[2] in IDLE


def _data(message: Message) -> Mapping[str, Any]:
    data = message.get("data")
    return data if isinstance(data, dict) else {}


def _at(message: Message) -> float:
    at = message.get("at")
    return float(at) if isinstance(at, int | float) else 0.0


def _size(count: int) -> str:
    return f"{count / 1024 / 1024:g} MiB" if count >= 1024 * 1024 else f"{count / 1024:g} KiB"
