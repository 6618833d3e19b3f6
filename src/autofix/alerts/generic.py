"""generic: any JSON, read as the expressions of the settings say."""

from __future__ import annotations

import builtins  # a source's `type` is a word
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from autofix.alerts.mapped import Mapped, MappedOptions, Usual, whole
from autofix.alerts.options import SenderOptions, SourceOptions
from autofix.alerts.reading import flat, items
from autofix.alerts.sender import Asked
from autofix.core.alerts import Alert
from autofix.options import Field

NAMELESS = "(no name)"


class GenericOptions(SenderOptions, MappedOptions):
    """`items`: the list within a body, each of which (`item`) is one alert."""

    roots: ClassVar[tuple[str, ...]] = ("body", "item")
    name: Annotated[str, Field(min_length=1)]
    items: str = ""


class GenericSource(Asked):
    type: ClassVar[str] = "generic"
    options: ClassVar[builtins.type[SourceOptions]] = GenericOptions

    def __init__(self, name: str, options: GenericOptions) -> None:
        super().__init__(name, options)
        self._mapped = Mapped.of(options.name, options)
        self._items = whole(options.items)

    def read(self, body: Any) -> Iterator[Alert]:
        if self._items is None:
            yield self._mapped.alert({"body": body, "item": body}, Usual(labels=flat(body)))
            return
        for item in items(self._items(body), "what `items` names"):
            # One without a name must not take the others with it.
            usual = Usual(name=NAMELESS, labels=flat(item))
            yield self._mapped.alert({"body": body, "item": item}, usual)
