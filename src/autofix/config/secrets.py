"""Secrets in settings: plain, `!vault`, from the environment (`x_env`), from a file (`x_file`),
or kept by autofix itself (`x_kept`).

Whatever way they come, they leave here as SecretStr, which shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr

from autofix.config.document import Document, Keys, Vaulted
from autofix.core.inert import inert
from autofix.errors import AutofixError, ConfigError, Problem

MAX_BYTES = 64 * 1024
_SECRET = re.compile(r"passw|passphrase|secret|token|credential|(api|app)_?key", re.IGNORECASE)
#: Opens vault texts, in order; ConfigError says why it can't.
Opener = Callable[[Sequence[str]], Sequence[str]]
#: What is kept under a name; None when nothing is.
Lookup = Callable[[str], str | None]


def connection_secret(name: str) -> bool:
    """A connection variable of this name is a secret."""
    return _SECRET.search(name) is not None


def model_secrets(model: type[BaseModel]) -> dict[str, bool]:
    """The options of a model that are secrets; True for a list of them."""
    found = {}
    for name, field_ in model.model_fields.items():
        many = get_origin(field_.annotation) in (list, tuple)
        inside = (field_.annotation, *get_args(field_.annotation))
        if SecretStr in inside and (many or not _is_mapping(field_.annotation)):
            found[field_.alias or name] = many
    return found


def _is_mapping(annotation: Any) -> bool:
    """Headers and environments: their entries are named by the user, so none is `x_env`."""
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)


@dataclass
class Secrets:
    """Opens the secrets of one settings file; what is wrong is collected in `problems`."""

    document: Document
    folder: Path
    environ: Mapping[str, str]
    opener: Opener | None
    problems: list[Problem] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    keeper: Callable[[], Lookup] | None = None  # asked once, and only when a kept one is named
    _lookup: Lookup | None = field(default=None, repr=False)
    _opened: dict[str, SecretStr] = field(default_factory=dict, repr=False)

    def open_vaults(self, value: Any, keys: Keys) -> None:
        """Open every vault text below `keys`, all at once since each opening costs a process."""
        found = list(_vaults(value, keys))
        if not found:
            return
        if self.opener is None:
            for where, _ in found:
                self._problem(where, "a !vault value can't be opened here", "use x_env or x_file")
            return
        try:
            opened = self.opener([one.text for _, one in found])
        except ConfigError as error:
            first = error.problems[0]
            self._problem(found[0][0], first.message, first.hint)
            return
        for (_, one), text in zip(found, opened, strict=True):
            self._opened[one.text] = SecretStr(text)

    def resolve(
        self,
        values: Mapping[str, Any],
        keys: Keys,
        is_secret: Callable[[str], bool],
        many: Collection[str] = (),
    ) -> dict[str, Any]:
        """The mapping with secrets opened; `x_env`, `x_file` and `x_kept` have become `x`.

        A secret in `many` is a list: one text holds several with white space between.
        """
        result: dict[str, Any] = {}
        for key, value in values.items():
            name, kind = _source(key, is_secret)
            secret = self._secret(kind, value, (*keys, key), is_secret(name))
            if (kind and name in values) or name in result:
                said = f"{name} is given twice, as {key} and otherwise"
                self._problem((*keys, key), said, "keep one")
            elif secret is not None:
                result[name] = _split(secret) if name in many else secret
        return result

    def _secret(self, kind: str, value: Any, keys: Keys, is_secret: bool) -> Any:
        if kind == "env":
            return self._from_environment(value, keys)
        if kind == "file":
            return self._from_file(value, keys)
        if kind == "kept":
            return self._from_store(value, keys)
        opened = self._open(value)
        if is_secret and isinstance(opened, str | int | float) and not isinstance(opened, bool):
            return SecretStr(str(opened))
        return opened

    def _open(self, value: Any) -> Any:
        """Vault texts within a value; one that could not be opened is a secret nobody knows."""
        if isinstance(value, Vaulted):
            return self._opened.get(value.text, SecretStr(""))
        if isinstance(value, Mapping):
            return {key: self._open(one) for key, one in value.items()}
        return [self._open(one) for one in value] if isinstance(value, list) else value

    def _from_environment(self, name: Any, keys: Keys) -> SecretStr:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            # What stands here may be the secret itself, so it is not shown.
            self._problem(keys, f"{keys[-1]} is not the name of an environment variable")
            return SecretStr("")
        if not self.environ.get(name):
            self._problem(keys, f"the environment has no {name}", "set it where autofix is started")
        return SecretStr(self.environ.get(name, ""))

    def _from_file(self, name: Any, keys: Keys) -> SecretStr:
        if not isinstance(name, str) or not name or len(name) > 1000 or "\n" in name:
            self._problem(keys, f"{keys[-1]} is not the name of a file")
            return SecretStr("")
        path = self.folder / Path(name).expanduser()
        self.files.append(path)
        try:
            if not path.is_file():
                raise FileNotFoundError(2, "there is no such file")
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
            text = raw.decode("utf-8").rstrip("\r\n")
        except (OSError, ValueError, RuntimeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            self._problem(keys, f"{inert(name, 200)} can't be read: {why}")
            return SecretStr("")
        if not text or len(raw) > MAX_BYTES:
            self._problem(keys, f"{inert(name, 200)} is {'too large' if text else 'empty'}")
        return SecretStr(text)

    def _from_store(self, name: Any, keys: Keys) -> SecretStr:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name):
            # What stands here may be the secret itself, so it is not shown.
            self._problem(keys, f"{keys[-1]} is not the name of a kept secret")
            return SecretStr("")
        if self.keeper is None:
            self._problem(keys, "a kept secret can't be opened here", "use x_env or x_file")
            return SecretStr("")
        self.kept.add(name)
        try:
            self._lookup = self._lookup or self.keeper()
            found = self._lookup(name)
        except AutofixError as error:
            self._problem(keys, f"the kept secret {name} can't be opened: {error}", error.hint)
            return SecretStr("")
        if found is None:
            hint = f"keep it: autofix secrets set {name}"
            self._problem(keys, f"no secret {name} is kept", hint)
        return SecretStr(found or "")

    def _problem(self, keys: Keys, message: str, hint: str = "") -> None:
        self.problems.append(self.document.problem(keys, message, hint))


def _split(secret: Any) -> Any:
    if not isinstance(secret, SecretStr):
        return secret
    return [SecretStr(word) for word in secret.get_secret_value().split()]


def _source(key: str, is_secret: Callable[[str], bool]) -> tuple[str, str]:
    """The option that a key sets, and where from: `password_env` sets password from `env`."""
    for kind in ("env", "file", "kept"):
        name = key.removesuffix(f"_{kind}")
        if name not in ("", key) and is_secret(name):
            return name, kind
    return key, ""


def _vaults(value: Any, keys: Keys) -> list[tuple[Keys, Vaulted]]:
    if isinstance(value, Vaulted):
        return [(keys, value)]
    if isinstance(value, Mapping):
        parts = [_vaults(one, (*keys, key)) for key, one in value.items()]
    elif isinstance(value, list):
        parts = [_vaults(one, (*keys, at)) for at, one in enumerate(value)]
    else:
        parts = []
    return [found for part in parts for found in part]
