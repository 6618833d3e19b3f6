"""Which desk a command works at, and what it says when a server goes away meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from autofix import __version__
from autofix.app.served import FILE, version_there
from autofix.cli import reach
from autofix.cli.session import options, site
from autofix.cli.sources import AWAY, OfServer
from autofix.desk.local import LocalDesk
from autofix.errors import StoreError, UsageError
from autofix.remote.desk import RemoteDesk
from servers.scripted import Answer, Heard, served


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "autofix.yaml").write_text("sentinel: {enabled: false}\n")
    state = tmp_path / ".autofix"
    state.mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def command(project: Path) -> Iterator[click.Context]:
    with click.Context(click.Command("autofix"), obj={"project": project}) as context:
        yield context


def lively(_: Heard) -> Answer:
    return 200, {"status": "ok"}


def says(project: Path, version: str) -> Path:
    """What a server of this version leaves; its socket."""
    (project / ".autofix" / FILE).write_text(json.dumps({"pid": 1, "version": version}))
    return project / ".autofix" / "autofix.sock"


@pytest.mark.usefixtures("command")
def test_without_a_server_the_desk_is_here_and_stays_the_same() -> None:
    assert isinstance(reach.desk(), LocalDesk)
    assert reach.desk() is reach.desk()
    assert (reach.asks_a_server(), reach.served()) == (False, False)


@pytest.mark.usefixtures("command")
def test_a_server_of_this_version_is_asked_at_its_socket(project: Path) -> None:
    with served(lively, file=says(project, __version__)) as server:
        assert isinstance(reach.desk(), RemoteDesk)
        assert (reach.asks_a_server(), reach.from_afar(), reach.served()) == (True, False, True)
    assert [each.path for each in server.heard] == ["/healthz"]


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(
    ("version", "status"), [("0.0.1", 200), (__version__, 503), (__version__, 404)]
)
def test_another_version_or_a_server_that_is_not_well_means_the_store(
    project: Path, version: str, status: int
) -> None:
    with served(lambda _: (status, {}), file=says(project, version)):
        assert isinstance(reach.desk(), LocalDesk)


@pytest.mark.usefixtures("command")
def test_a_socket_that_a_dead_server_left_means_the_store(project: Path) -> None:
    with served(lively, file=says(project, __version__)):
        pass
    assert isinstance(reach.desk(), LocalDesk)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"version": 3}'])
def test_what_stands_there_may_be_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert version_there(tmp_path) in ("", "3")
    assert version_there(tmp_path / "nowhere") == ""


def test_with_a_server_named_no_project_is_looked_at() -> None:
    url = "https://ops1"
    with click.Context(click.Command("autofix"), obj={"server": url}):
        assert isinstance(reach.desk(), RemoteDesk)
        assert (reach.from_afar(), reach.server_name()) == (True, " at https://ops1")
        with pytest.raises(UsageError, match="works where the server runs, not with --server"):
            site()


# a server that goes away


class Away:
    """Fails so often, then answers."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise StoreError("it broke off")
        return "here"


@pytest.fixture
def afar() -> Iterator[tuple[OfServer, list[str], list[float]]]:
    said: list[str] = []
    slept: list[float] = []
    with click.Context(click.Command("autofix"), obj={"server": "https://ops1"}):
        yield OfServer(said.append, slept.append), said, slept


def test_a_remote_server_that_comes_back_is_told_of_once(afar: Any) -> None:
    source, said, slept = afar
    assert source.steadily(Away(3)) == "here"
    assert said == [
        "it broke off: the work goes on there, and we go on asking",
        "the server answers again",
    ]
    assert slept == [1.0, 1.0, 1.0]


def test_a_remote_server_that_stays_away_is_given_up(afar: Any) -> None:
    source, said, slept = afar
    with pytest.raises(StoreError, match="it broke off"):
        source.steadily(Away(1000))
    assert (len(said), sum(slept)) == (1, AWAY)


@pytest.mark.usefixtures("command")
def test_a_local_server_that_goes_away_gives_way_to_the_store(project: Path) -> None:
    with served(lively, file=says(project, __version__)):
        assert isinstance(reach.desk(), RemoteDesk)
        source = OfServer(lambda _: None)
    with pytest.raises(StoreError, match="can't be reached"):
        reach.desk().status()
    assert source.steadily(lambda: reach.desk().status()).server == ""
    assert isinstance(options()["desk"], LocalDesk)
