"""Ansible callback plugin: what happens in a run, as numbered JSON lines to a Unix socket.

It is the stdout callback, and prints nothing: so nothing that a host says is ever parsed. It runs
inside ansible-playbook, from a folder of its own, and imports nothing of autofix.
"""

from __future__ import annotations

import functools
import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: autofix_events
    type: stdout
    short_description: events of a run for autofix
    description:
      - Writes events as JSON lines to the Unix socket that autofix made for this run.
"""

NAME_LIMIT = 200  # characters of a play's, task's or item's name
MESSAGE_LIMIT = 2_000  # of why a task failed
OUTPUT_LIMIT = 8_000  # of a task's output
REPORT_LIMIT = 64_000  # of the JSON of what the playbook reports
HIDDEN = "(hidden by no_log)"

#: Exit codes of ansible-playbook that are ours.
EXIT_NO_SOCKET, EXIT_REFUSED, EXIT_SERVER_GONE = 96, 97, 98


class Wire:
    """The one connection to the server; without it there is no run."""

    def __init__(self, folder: str) -> None:
        self._count = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # By the folder's descriptor: a socket's path may be no longer than 107 bytes.
            descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
            self._socket.connect(f"/proc/self/fd/{descriptor}/events.sock")
            os.close(descriptor)
        except OSError:
            os._exit(EXIT_NO_SOCKET)

    def send(self, kind: str, **fields: Any) -> None:
        self._count += 1
        message = {"n": self._count, "kind": kind, "at": time.time(), **fields}
        try:
            self._socket.sendall(json.dumps(message).encode("ascii") + b"\n")
        except OSError:
            os._exit(EXIT_SERVER_GONE)


class Cutter:
    """Copies plain data until `room` characters are used up; `cut` says that some is missing."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.cut = False

    def copy(self, value: Any, depth: int = 0) -> Any:
        if self.room <= 0 or depth > 20:
            self.cut = True
            return "…"
        if value is None or isinstance(value, bool | float):
            self.room -= 5
            return value
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._items(value, depth)
        if isinstance(value, int) and value.bit_length() < 256:
            self.room -= 5
            return int(value)
        return self._text("a huge number" if isinstance(value, int) else value)

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        copied = {}
        for key in value:
            if self.room <= 0:
                self.cut = True
                break
            copied[self._text(key)] = self.copy(value[key], depth + 1)
        return copied

    def _items(self, value: Iterable[Any], depth: int) -> list[Any]:
        copied = []
        for item in value:
            if self.room <= 0:
                self.cut = True
                break
            copied.append(self.copy(item, depth + 1))
        return copied

    def _text(self, value: Any) -> str:
        text = value if isinstance(value, str) else str(value)
        self.cut = self.cut or len(text) > self.room
        kept = str(text[: self.room])
        self.room -= len(kept) + 3
        return kept


def name(value: Any) -> str:
    return str(value or "")[:NAME_LIMIT]


def words(value: Any, limit: int) -> tuple[str, bool]:
    """Any value as text of at most about `limit` characters, and whether it was cut."""
    cutter = Cutter(limit)
    if isinstance(value, list | tuple) and all(isinstance(line, str) for line in value):
        return "\n".join(cutter.copy(value)), cutter.cut
    copied = cutter.copy(value)
    if isinstance(copied, str):
        return copied, cutter.cut
    return json.dumps(copied, ensure_ascii=False, indent=1), cutter.cut


def message(result: Mapping[str, Any]) -> tuple[str, bool]:
    """Why a task failed, was skipped or could not be reached."""
    if "censored" in result:
        return HIDDEN, False
    value = result.get("msg") or result.get("skip_reason") or ""
    # A module that died, or a command, says more on stderr than in its message.
    more = result.get("module_stderr") or result.get("stderr") or ""
    (said, cut), (why, torn) = words(value, MESSAGE_LIMIT), words(more, MESSAGE_LIMIT)
    return (f"{said}: {why}" if said and why else said or why), cut or torn


def output(result: Mapping[str, Any], action: str, failed: bool) -> tuple[str, bool]:
    """What a task printed: stdout, stderr and message, or the value that `debug` shows."""
    if "censored" in result:
        return ("", False) if failed else (HIDDEN, False)
    if action.rpartition(".")[2] == "debug" and "msg" not in result:
        shown = {k: v for k, v in result.items() if not k.startswith("_") and k not in _NOT_SHOWN}
        return words(next(iter(shown.values())) if len(shown) == 1 else shown, OUTPUT_LIMIT)
    keys = ("stdout", "stderr") if failed else ("stdout", "stderr", "msg")
    parts = [words(result[key], OUTPUT_LIMIT) for key in keys if result.get(key)]
    text = "\n".join(part for part, _ in parts)
    cut = any(cut for _, cut in parts) or len(text) > OUTPUT_LIMIT
    return text[:OUTPUT_LIMIT], cut


_NOT_SHOWN = {"changed", "failed", "invocation", "warnings", "deprecations", "exception"}

Handler = Callable[..., None]


def counted(handler: Handler) -> Handler:
    """Ansible swallows what a callback raises; the server must know that an event is missing."""

    @functools.wraps(handler)
    def wrapper(self: CallbackModule, *args: Any, **kwargs: Any) -> None:
        try:
            handler(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001
            self.wire.send("broken", text=f"{type(error).__name__}: {error}"[:MESSAGE_LIMIT])

    return wrapper


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "autofix_events"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wire = Wire(os.environ["AUTOFIX_FOLDER"])
        self.approved = os.environ["AUTOFIX_HOST"]
        self.play = ""

    @counted
    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ARG002
        self.wire.send("start")

    @counted
    def v2_playbook_on_play_start(self, play: Any) -> None:
        self.play = name(play.get_name())
        self._refuse_strangers(play)
        self.wire.send("play", play=self.play)

    @counted
    def v2_playbook_on_no_hosts_matched(self) -> None:
        self.wire.send("notice", play=self.play, text="no hosts matched", data={"no_hosts": True})

    @counted
    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        self._task_started(task)

    @counted
    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._task_started(task, handler=True)

    @counted
    def v2_runner_on_start(self, host: Any, task: Any) -> None:  # noqa: ARG002
        self._refuse_unless_approved(host)

    @counted
    def v2_runner_on_ok(self, result: Any) -> None:
        self._ended("changed" if result._result.get("changed") else "ok", result)

    @counted
    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._ended("ignored" if ignore_errors else "failed", result)

    @counted
    def v2_runner_on_skipped(self, result: Any) -> None:
        self._ended("skipped", result)

    @counted
    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._ended("unreachable", result)

    @counted
    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._ended("changed" if result._result.get("changed") else "ok", result, item=True)

    @counted
    def v2_runner_item_on_failed(self, result: Any) -> None:
        ignored = bool(result._task_fields.get("ignore_errors"))
        self._ended("ignored" if ignored else "failed", result, item=True)

    @counted
    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._ended("skipped", result, item=True)

    @counted
    def v2_runner_retry(self, result: Any) -> None:
        tried, of = result._result.get("attempts"), result._result.get("retries")
        self._about(result, "output", text=f"attempt {tried} of {of} failed, trying again")

    @counted
    def v2_playbook_on_stats(self, stats: Any) -> None:
        hosts = {str(host): dict(stats.summarize(host)) for host in sorted(stats.processed)}
        report, cut = self._report(stats.custom)
        self.wire.send("stats", data={"hosts": hosts, "report": report}, cut=cut)
        self.wire.send("end")

    def _task_started(self, task: Any, handler: bool = False) -> None:
        data = {"action": str(task.action), "handler": handler}
        self.wire.send("task", play=self.play, task=name(task.get_name()), data=data)

    def _ended(self, kind: str, result: Any, item: bool = False) -> None:
        found = result._result
        action = str(result._task_fields.get("action") or result._task.action)
        data = {"action": action, "check": bool(result._task_fields.get("check_mode"))}
        if item:
            data["item"] = words(found.get("_ansible_item_label", found.get("item", "")), 200)[0]
        elif "results" in found and result._task.loop is not None:
            data["loop"] = True  # its items have been told already
        if isinstance(found.get("rc"), int):
            data["rc"] = found["rc"]
        delegated = found.get("_ansible_delegated_vars")
        if isinstance(delegated, Mapping):
            data["delegated"] = name(delegated.get("ansible_host"))
        bad = kind in ("failed", "ignored", "unreachable")
        text, cut = message(found) if bad or kind == "skipped" else ("", False)
        self._about(result, kind, text=text, cut=cut, data=data)
        if kind in ("skipped", "unreachable") or "loop" in data:
            return
        text, cut = output(found, action, bad)
        if text:
            self._about(result, "output", text=text, cut=cut, data={"of": kind})

    def _about(self, result: Any, kind: str, **fields: Any) -> None:
        host, task = name(result._host.get_name()), name(result.task_name)
        self.wire.send(kind, play=self.play, task=task, host=host, **fields)

    def _report(self, custom: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """What `set_stats` gave as `autofix_report`, for the run or else for its host."""
        for key in ("_run", self.approved):
            report = (custom.get(key) or {}).get("autofix_report")
            if isinstance(report, Mapping):
                cutter = Cutter(REPORT_LIMIT)
                return cutter.copy(report), cutter.cut
        return {}, False

    def _refuse_strangers(self, play: Any) -> None:
        """Before any task: a limit that names a group, or no host of ours, is caught here."""
        inventory = play.get_variable_manager()._inventory
        for host in inventory.get_hosts(play.hosts):
            self._refuse_unless_approved(host)

    def _refuse_unless_approved(self, host: Any) -> None:
        if host.get_name() != self.approved or getattr(host, "implicit", False):
            self.wire.send("refused", host=name(host.get_name()))
            os._exit(EXIT_REFUSED)
