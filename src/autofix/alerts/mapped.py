"""Bodies without a shape of their own: expressions of the settings say what is what in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from autofix.alerts.options import expression
from autofix.alerts.reading import (
    MAX_LABELS,
    fingerprint,
    flat,
    is_over,
    merged,
    one_line,
    text_of,
    with_instance,
)
from autofix.core.alerts import Alert
from autofix.core.conditions import UNKNOWN, Condition
from autofix.core.door import Refused
from autofix.core.inert import inert
from autofix.options import Field, Options, field_validator


class MappedOptions(Options):
    """Expressions on a body. Those that give nothing leave the alert without that.

    A body holds what names it wants, so they all stand below a root, such as `body.host`.
    """

    roots: ClassVar[tuple[str, ...]] = ("body",)
    host: str = ""
    status: str = ""
    labels: str | Annotated[dict[str, str], Field(max_length=MAX_LABELS)] = Field(default="")
    fingerprint: str = ""

    @field_validator("name", "host", "status", "fingerprint", "items", check_fields=False)
    @classmethod
    def _is_expression(cls, text: str) -> str:
        _check(text, cls.roots)
        return text

    @field_validator("labels")
    @classmethod
    def _are_expressions(cls, given: str | dict[str, str]) -> str | dict[str, str]:
        for text in [given] if isinstance(given, str) else given.values():
            _check(text, cls.roots)
        return given


def _parsed(text: str) -> Condition:
    return expression(text, frozenset())


def _check(text: str, roots: tuple[str, ...]) -> None:
    if text and (strange := sorted(_parsed(text).names - set(roots))):
        hint = f"write for example {roots[0]}.{strange[0]}"
        raise ValueError(f"{inert(strange[0], 60)!r} is not known here; {hint}")


@dataclass(frozen=True)
class Usual:
    """What is read out of a body where the settings do not say."""

    name: str = ""
    status: Any = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    identity: tuple[str, ...] = ()  # the same for each repetition
    starts_at: float | None = None


@dataclass(frozen=True)
class Mapped:
    """How an alert is read out of a body: None where the settings give no expression."""

    name: Condition | None
    host: Condition | None
    status: Condition | None
    labels: Condition | Mapping[str, Condition] | None
    fingerprint: Condition | None

    @classmethod
    def of(cls, name: str, options: MappedOptions) -> Mapped:
        given = options.labels
        labels: Condition | Mapping[str, Condition] | None = (
            {key: _parsed(text) for key, text in given.items()}
            if isinstance(given, Mapping)
            else _maybe(given)
        )
        return cls(
            _maybe(name),
            _maybe(options.host),
            _maybe(options.status),
            labels,
            _maybe(options.fingerprint),
        )

    def alert(self, scope: Mapping[str, Any], usual: Usual) -> Alert:
        """Raises Refused when it has no name."""
        name = one_line(_text(self.name, scope)) or usual.name
        if not name:
            raise Refused("the alert has no name: what `name` of this source says is not there")
        host = one_line(_text(self.host, scope))
        labels = merged({"host": host} if host else {}, self._labels(scope, usual))
        status = usual.status if self.status is None else _known(self.status.value(scope))
        return Alert(
            name=name,
            firing=not is_over(status),
            labels=with_instance(labels),
            annotations=usual.annotations,
            fingerprint=self._fingerprint(name, labels, usual, scope),
            starts_at=usual.starts_at,
        )

    def _labels(self, scope: Mapping[str, Any], usual: Usual) -> dict[str, str]:
        if self.labels is None:
            return dict(usual.labels)
        if isinstance(self.labels, Condition):
            return flat(_known(self.labels.value(scope)))
        return flat({name: _known(one.value(scope)) for name, one in self.labels.items()})

    def _fingerprint(
        self, name: str, labels: Mapping[str, str], usual: Usual, scope: Mapping[str, Any]
    ) -> str:
        """Labels that were chosen tell alerts apart; others may be of this one time only."""
        own = _text(self.fingerprint, scope)
        if self.labels is None and (usual.identity or "host" in labels):
            return fingerprint(own, name, labels.get("host"), usual.identity)
        return fingerprint(own, name, labels)


def _maybe(text: str) -> Condition | None:
    return _parsed(text) if text else None


def whole(text: str) -> Callable[[Any], Any] | None:
    """What an expression finds in a body; None for no expression."""
    found = _maybe(text)
    return (lambda body: _known(found.value({"body": body}))) if found is not None else None


def _known(value: Any) -> Any:
    if isinstance(value, list):
        return [_known(one) for one in value]
    return None if value is UNKNOWN else value


def _text(condition: Condition | None, scope: Mapping[str, Any]) -> str:
    return text_of(_known(condition.value(scope))) or "" if condition is not None else ""
