"""The identity provider that the settings name, where its extra is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autofix.errors import ConfigError, Problem
from autofix.options import Options

if TYPE_CHECKING:
    from autofix.app.site import Site
    from autofix.web.oidc import Provider


class Identity:
    """`provider()` follows the settings in force; a new one when their block has changed."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._options: Options | None = None
        self._provider: Provider | None = None

    def provider(self) -> Provider | None:
        options = self._site.settings.parts.get("oidc")
        if options != self._options:
            self._provider = _made(options)
            self._options = options
        return self._provider


def check(site: Site) -> None:
    """ConfigError in one line when the extra is missing."""
    found = problems(site.settings.parts.get("oidc"), str(site.file))
    if found:
        raise ConfigError(found)


def problems(options: Options | None, file: str) -> list[Problem]:
    """What `check` says."""
    if options is None:
        return []
    try:
        _room()
    except ImportError as error:
        said = f"oidc is set, and its packages are not there ({error.name})"
        return [Problem(file, 0, said, "install autofix[oidc]")]
    return []


def _made(options: Any) -> Provider | None:
    return None if options is None else _room().Provider(options)


def _room() -> Any:
    from autofix.web import oidc

    return oidc
