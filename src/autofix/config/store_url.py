"""The key `store`: a file of SQLite, or a database of PostgreSQL, by URL."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit, urlunsplit

from pydantic import SecretStr

from autofix.options import suggest

SQLITE = "sqlite:///"
POSTGRESQL = "postgresql://"
#: What may follow the `?` of a PostgreSQL URL: how to connect, nothing that changes what is kept.
OPTIONS = (
    "application_name",
    "connect_timeout",
    "host",
    "passfile",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
)
_EXAMPLE = "write for example sqlite:///autofix.db or postgresql://autofix@db1/autofix"


def check_store(value: str) -> str:
    """The URL as it stands; ValueError, which never shows the URL, when it is none of ours."""
    if re.search(r"[#\x00-\x20\x7f]", value):
        raise ValueError("the store's URL must not hold #, spaces or control characters")
    if value.startswith(POSTGRESQL):
        _check_postgresql(value)
    elif not value.startswith(SQLITE) or not value.removeprefix(SQLITE).strip("/"):
        raise ValueError(f"this must be a file of SQLite or a database of PostgreSQL: {_EXAMPLE}")
    elif "?" in value:
        raise ValueError("the store's file must not hold ?")
    return value


def _check_postgresql(value: str) -> None:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(f"host or port of the store can't be read: {_EXAMPLE}") from None
    if port == 0 or not parts.path.strip("/") or "/" in parts.path.strip("/"):
        raise ValueError(f"this must name one database: {_EXAMPLE}")
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if name not in OPTIONS:
            hint = suggest(name, list(OPTIONS))
            raise ValueError(f"the store's URL has an unknown option {name[:40]!r}; {hint}")


def without_secret(value: str) -> tuple[str, SecretStr | None]:
    """The URL without its password, and the password."""
    parts = urlsplit(value) if value.startswith(POSTGRESQL) else None
    if parts is None or parts.password is None:
        return value, None
    return urlunsplit(_bare(parts)), SecretStr(unquote(parts.password))


def _bare(parts: SplitResult) -> SplitResult:
    who, _, where = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{who.partition(':')[0]}@{where}")
