"""A project: its settings and all its runbooks, with everything that is wrong in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autofix.config import build, order, policies, reading, senders
from autofix.config.checks import cross_check
from autofix.config.document import Document, read
from autofix.config.files import runbook_files, shown_path, stamp
from autofix.config.outside import Outside
from autofix.config.overrides import override
from autofix.config.runbook_models import TRIGGERS, RunbookFile, RunbookHead, VerifyBlock
from autofix.config.settings import Settings, no_errors
from autofix.config.settings_file import load_settings
from autofix.core.inert import inert
from autofix.core.runbooks import Runbook
from autofix.errors import NotFound, Problem
from autofix.options import suggest


@dataclass(frozen=True)
class _File:
    """One runbook file as far as it could be read. `runbook` is None when it has errors."""

    name: str
    runbook: Runbook | None
    triggers: int
    problems: tuple[Problem, ...]
    document: Document = field(default=Document("", {}), repr=False, compare=False)

    @property
    def broken(self) -> bool:
        return any(one.level == "error" for one in self.problems)


@dataclass(frozen=True)
class Project:
    """`runbooks` has those without errors only; what is wrong with the others is in `problems`."""

    settings: Settings
    runbooks: Mapping[str, Runbook]
    files: tuple[_File, ...]
    general: tuple[Problem, ...]  # wrong between the files, not in one of them

    @property
    def problems(self) -> tuple[Problem, ...]:
        inside = [one for file in self.files for one in file.problems]
        return (*self.settings.problems, *self.general, *inside)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(one for one in self.problems if one.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(one for one in self.problems if one.level != "error")

    def for_run(self, name: str) -> Runbook:
        """The runbook for a person's run: errors in other runbooks don't matter.

        ConfigError for errors in the settings or in its file, NotFound if there is none.
        """
        files = [file for file in self.files if file.name == name]
        problems = [*self.settings.problems, *(one for file in files for one in file.problems)]
        if any(file.triggers for file in files):
            problems += self.general
        no_errors(problems)
        if name not in self.runbooks:
            known = sorted({file.name for file in self.files})
            hint = suggest(name, known) or f"there are none in {self.settings.runbooks}"
            raise NotFound(f"there is no runbook {inert(name, 80)!r}", hint=hint)
        return self.runbooks[name]

    def check(self) -> None:
        """Raise ConfigError with every error of the whole project."""
        no_errors(self.problems)


def load(where: Path | Settings, outside: Outside) -> Project:
    """Read the runbooks of a project. What is wrong is in `.problems`, nothing is raised for it.

    `where`: settings already loaded (the inventory needs them first), or the project's path.
    """
    settings = where if isinstance(where, Settings) else _settings(where, outside)
    files = [_read(path, settings, outside) for path in runbook_files(settings.runbooks)]
    files = _ordered(_twice(files))
    good = {one.name: one.runbook for one in files if one.runbook and not one.broken}
    general = [
        *_default_policy(settings, files),
        *_overrides(settings, files),
        *_unused_policies(settings, files),
        *order.freeze_problems(settings, [file.name for file in files], outside),
        *senders.source_problems(settings, [file.name for file in files]),
    ]
    return Project(settings, good, tuple(files), tuple(general))


def fingerprint(settings: Settings) -> str:
    """Changes when the settings, a runbook file or a secret's file changes, comes or goes."""
    runbooks = runbook_files(settings.runbooks)
    return stamp([settings.file, settings.runbooks, *runbooks, *settings.secret_files])


def _settings(path: Path, outside: Outside) -> Settings:
    return load_settings(
        path,
        channels=outside.channels,
        sources=outside.sources,
        probes=list(outside.probes),
        decrypt=outside.decrypt,
        keeper=outside.keeper,
        environ=outside.environ,
    )


def _read(path: Path, settings: Settings, outside: Outside) -> _File:
    document = read(path)
    name = document.value.get("name")
    known = name if isinstance(name, str) and name else path.stem
    if document.problems and not document.value:
        return _File(known, None, 0, document.problems)
    if known in settings.overrides:
        document = override(document, known, settings.overrides[known], settings.document)
    problems = [*document.problems, *_faults(document)]
    triggers = document.value.get("triggers")
    count = len(triggers) if isinstance(triggers, list) else 0
    if any(one.level == "error" for one in problems):
        return _File(known, None, count, _sorted(problems))
    checked = RunbookFile.model_validate(document.value)
    found = build.runbook(checked, shown_path(path), document.text)
    problems += cross_check(found, document, settings, outside)
    return _File(known, found, count, _sorted(problems), document)


def _sorted(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda one: (one.file, one.line)))


def _faults(document: Document) -> Iterator[Problem]:
    """What is wrong with the file by itself."""
    value: dict[str, Any] = document.value
    yield from reading.closed_vaults(document, value, ())
    head = {key: one for key, one in value.items() if key not in ("triggers", "verify")}
    yield from reading.check(document, (), RunbookHead, head, known=("triggers", "verify"))
    yield from _verify_faults(document, value)
    triggers = value.get("triggers", [])
    if not isinstance(triggers, list):
        yield document.problem(("triggers",), "triggers: this must be a list: put - before each")
        return
    for at, trigger in enumerate(triggers):
        yield from _trigger_faults(document, ("triggers", at), trigger)


def _verify_faults(document: Document, value: Mapping[str, Any]) -> Iterator[Problem]:
    hint = "write probe and until below it, or `verify: none` for a task without a symptom"
    if "verify" not in value:
        yield document.problem((), "'verify' is missing", hint)
    elif isinstance(value["verify"], Mapping):
        yield from reading.check(document, ("verify",), VerifyBlock, value["verify"])
    elif value["verify"] != "none":
        yield document.problem(("verify",), "verify says nothing that can be looked at", hint)


def _trigger_faults(
    document: Document, keys: tuple[str | int, ...], trigger: Any
) -> Iterator[Problem]:
    kinds = [kind for kind in TRIGGERS if isinstance(trigger, Mapping) and kind in trigger]
    if len(kinds) == 1:
        yield from reading.check(document, keys, TRIGGERS[kinds[0]], trigger)
        return
    what = f"has {' and '.join(kinds)} at once" if kinds else "has no kind"
    hint = "begin it with one of `- probe:`, `- alert:`, `- schedule:`"
    yield document.problem(keys, f"trigger {int(keys[-1]) + 1} {what}", hint)


def _twice(files: Sequence[_File]) -> list[_File]:
    """Files that share a name are all broken: nobody can tell which one is meant."""
    result = []
    for file in files:
        same = [one for one in files if one.name == file.name]
        if len(same) > 1 and file.runbook is not None:
            others = ", ".join(one.runbook.file for one in same if one.runbook and one is not file)
            message = f"the name {file.name!r} is taken" + (f" by {others}" if others else "")
            problem = Problem(file.runbook.file, 1, message, "rename one")
            file = _File(file.name, None, file.triggers, (*file.problems, problem))
        result.append(file)
    return result


def _ordered(files: Sequence[_File]) -> list[_File]:
    """With what is wrong between the runbooks: who depends on whom."""
    runbooks = {file.name: file.runbook for file in files if file.runbook}
    names = [file.name for file in files]
    result = []
    for file in files:
        if file.runbook is not None and file.runbook.guards.depends_on:
            found = order.dependency_problems(file.runbook, file.document, runbooks, names)
            file = replace(file, problems=_sorted([*file.problems, *found]))
        result.append(file)
    return result


def _default_policy(settings: Settings, files: Sequence[_File]) -> Iterator[Problem]:
    if settings.document.problems:  # unreadable: what it lacks is not the fault
        return
    written = settings.document.value.get("policies")
    if isinstance(written, Mapping) and "default" in written:
        return  # it is there, and what is wrong with it is said where it stands
    if "default" not in settings.policies and any(file.triggers for file in files):
        yield settings.document.problem(
            ("policies",),
            "there is no escalation policy 'default', and runbooks have triggers",
            "write policies: {default: {channels: [...]}}",
        )


def _unused_policies(settings: Settings, files: Sequence[_File]) -> Iterator[Problem]:
    if files and all(file.runbook is not None for file in files):
        used = {file.runbook.escalate for file in files if file.runbook}
        used |= senders.policies_of(settings)
        yield from policies.unused(settings.document, settings.policies, used)


def _overrides(settings: Settings, files: Sequence[_File]) -> Iterator[Problem]:
    known = [file.name for file in files]
    for name in settings.overrides:
        if name not in known:
            message = f"overrides: there is no runbook {inert(name, 60)!r}"
            yield settings.document.problem(("overrides", name), message, suggest(name, known))
