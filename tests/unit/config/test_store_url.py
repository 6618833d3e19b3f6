"""The key `store`: what it may say, and that a password in it or beside it is never shown."""

from __future__ import annotations

from typing import Any

import pytest

SECRET = "s3cret-word"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://autofix@db1/autofix",
        "postgresql://autofix@db1:5433/autofix",
        "postgresql://autofix@[2001:db8::1]:5432/autofix?sslmode=verify-full",
        "postgresql:///autofix?host=/run/postgresql",
    ],
)
def test_a_database_of_postgresql_stays_as_it_is_written(site: Any, url: str) -> None:
    site.write("autofix.yaml", f"store: {url}\n")
    settings = site.settings()
    assert site.words(settings.errors) == []
    assert settings.store == url
    assert settings.store_password is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"mysql://me:{SECRET}@db1/autofix", "this must be a file of SQLite or a database"),
        (f"postgresql://me:{SECRET}@db1", "this must name one database"),
        (f"postgresql://me:{SECRET}@db1:x/autofix", "host or port of the store can't be read"),
        (f"postgresql://me:{SECRET}@db1:99999/autofix", "host or port of the store"),
        (f"postgresql://me:{SECRET}@db1/autofix?sslmod=require", "did you mean 'sslmode'?"),
        (f"postgresql://me:{SECRET}@db1/autofix?options=-csynchronous_commit%3Doff", "'options'"),
        (f"'postgresql://me:{SECRET}@db1/auto fix'", "must not hold #, spaces"),
        ("sqlite:///x.db?mode=ro", "must not hold ?"),
    ],
)
def test_what_is_wrong_is_said_without_the_url(site: Any, url: str, said: str) -> None:
    site.write("autofix.yaml", f"store: {url}\n")
    settings = site.settings()
    [problem] = site.words(settings.errors)
    assert problem.startswith("autofix.yaml:1: store: ")
    assert said in problem
    assert SECRET not in problem
    assert SECRET not in repr(settings)


def test_a_password_in_the_url_is_taken_out_of_it(site: Any) -> None:
    site.write("autofix.yaml", f"store: postgresql://me:{SECRET}%21@db1:5433/autofix\n")
    settings = site.settings()
    assert settings.store == "postgresql://me@db1:5433/autofix"
    assert settings.store_password.get_secret_value() == f"{SECRET}!"
    assert SECRET not in repr(settings)


def test_a_password_beside_the_url_goes_before_one_within(site: Any) -> None:
    text = f"store: postgresql://me:old@db1/autofix\nstore_password_file: {site.folder}/word\n"
    site.write("word", f"{SECRET}\n")
    site.write("autofix.yaml", text)
    settings = site.settings()
    assert site.words(settings.errors) == []
    assert settings.store_password.get_secret_value() == SECRET
    assert SECRET not in repr(settings)


def test_a_password_that_is_not_there_is_an_error(site: Any) -> None:
    site.write("autofix.yaml", "store: postgresql://me@db1/autofix\nstore_password_env: NOBODY\n")
    assert site.words(site.settings().errors) == [
        "autofix.yaml:2: the environment has no NOBODY (set it where autofix is started)"
    ]
