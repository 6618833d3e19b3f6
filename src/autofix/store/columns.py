"""The kinds of columns that SQLite and PostgreSQL share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, Text, text

#: SQLite counts by itself only in INTEGER columns.
NUMBER = BigInteger().with_variant(Integer, "sqlite")


def id_() -> Column[int]:
    return Column("id", NUMBER, primary_key=True, autoincrement=True)


def text_(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **options)


def number(name: str, **options: Any) -> Column[int]:
    return Column(name, NUMBER, nullable=options.pop("nullable", False), **options)


def at(name: str, *, nullable: bool = False) -> Column[float]:
    return Column(name, Double, nullable=nullable)


def flag(name: str, *, nullable: bool = False, **options: Any) -> Column[bool]:
    return Column(name, Boolean, nullable=nullable, **options)


def where(sqlite: str, postgresql: str = "") -> dict[str, Any]:
    return {"sqlite_where": text(sqlite), "postgresql_where": text(postgresql or sqlite)}
