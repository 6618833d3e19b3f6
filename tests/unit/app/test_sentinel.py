"""The sentinel's loop with a helper of the test's own, and the files it shares with the server."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autofix.app.sentinel import files, lock
from autofix.app.sentinel.arms import Arms, Delivery
from autofix.app.sentinel.watch import Sentinel
from autofix.app.ticking import EVERY, Ticker
from autofix.core.pages import Page
from autofix.core.watching import STOPPED, Known, Open, Rules

OPEN = Open(12, "P0", "redis-memory-high", "cache1", "fixing", told=False)
KNOWN = Known(1.0, (OPEN,), 1, 1, ("run 3: evict.yml on cache1",))


class Helper:
    """Channels, settings and store of the test's own."""

    def __init__(self) -> None:
        self.arms: Arms | str = Arms(
            rules=Rules(after=8.0), order=("pager",), channels={"pager": {}}
        )
        self.store: Known | str = KNOWN
        self.pages: list[Page] = []
        self.loads, self.deaf = 0, False

    def load(self) -> Arms | str:
        self.loads += 1
        return self.arms

    def look(self) -> Known | str:
        return self.store

    def send(self, arms: Arms, page: Page, first: str) -> Delivery:
        self.pages.append(page)
        return Delivery("", ("pager: refused",)) if self.deaf else Delivery("pager", ("ok",))

    @property
    def titles(self) -> list[str]:
        return [page.title.replace(os.uname().nodename, "HOST") for page in self.pages]


class Watch:
    """A sentinel whose clocks are the test's, on a state folder."""

    def __init__(self, folder: Path, *, child: bool = False) -> None:
        self.state = folder / "state"
        self.state.mkdir(exist_ok=True)
        self.project = folder / "autofix.yaml"
        self.project.touch()
        self.helper, self.child = Helper(), child
        self.now, self.steady = 1_000_000.0, 50.0
        self.began()

    def began(self) -> None:
        self.sentinel = Sentinel(
            self.project, self.state, self.helper, child=self.child,
            wall=lambda: self.now, steady=lambda: self.steady,
        )  # fmt: skip

    def tick(self, state: str = "serving", pid: int = 2**22 - 1) -> None:
        value = {"at": self.now, "pid": pid, "boot": files.boot_id(), "state": state}
        files.replace_text(self.state / files.TICK, json.dumps(value))

    def pass_(self, seconds: float) -> bool:
        """Time goes by, and the sentinel looks every two seconds; False once it leaves."""
        for _ in range(int(seconds / 2)):
            self.now += 2
            self.steady += 2
            if not self.sentinel.step():
                return False
        return True


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_a_dead_server_is_told_with_what_is_open_and_what_to_do(watch: Watch) -> None:
    watch.tick()
    files.replace_text(watch.state / files.KNOWN, files.known_text(KNOWN))
    assert watch.pass_(6)
    assert watch.helper.pages == []
    assert watch.pass_(6)
    (page,) = watch.helper.pages
    assert watch.helper.titles == ["[P0] autofix on HOST has stopped: 1 incident is open"]
    for words in (
        "its process 4194303 is gone", "last sign: 1970-01-12 13:46:40 UTC",
        "12 P0 redis-memory-high on cache1: fixing (nobody was told)",
        "run 3: evict.yml on cache1", "next: systemctl status autofix", "autofix status",
    ):  # fmt: skip
        assert words in page.text
    watch.tick()
    assert watch.pass_(4)
    assert watch.helper.titles[1] == "[P1] autofix on HOST runs again"
    assert page.dedup_key == watch.helper.pages[1].dedup_key


def test_it_speaks_the_language_of_the_settings(watch: Watch) -> None:
    watch.helper.arms = Arms(
        rules=Rules(after=8.0), order=("pager",), channels={"pager": {}}, language="zh"
    )
    watch.tick()
    watch.pass_(12)
    assert watch.helper.titles == ["[P0] HOST 上的 autofix 已停止：有 1 个未结束的事件"]
    assert "其进程 4194303 已不存在" in watch.helper.pages[0].text


def test_a_process_that_is_there_hangs(watch: Watch) -> None:
    watch.tick(pid=os.getpid())
    watch.pass_(12)
    assert watch.helper.titles == ["[P0] autofix on HOST hangs: 1 incident is open"]
    assert f"its process {os.getpid()} is there" in watch.helper.pages[0].text


def test_with_the_store_gone_what_was_known_before_counts(watch: Watch) -> None:
    watch.tick()
    files.replace_text(watch.state / files.KNOWN, files.known_text(KNOWN))
    watch.pass_(2)
    watch.helper.store = "look: exit 4: the store can't be opened"
    (watch.state / files.KNOWN).unlink()
    watch.pass_(10)
    assert "redis-memory-high on cache1" in watch.helper.pages[0].text


def test_the_store_is_asked_before_a_person_is_called(watch: Watch) -> None:
    watch.tick()
    files.replace_text(watch.state / files.KNOWN, files.known_text(Known()))
    watch.pass_(12)
    assert "1 incident is open" in watch.helper.titles[0]


def test_a_sentinel_that_was_itself_stopped_does_not_call_at_once(watch: Watch) -> None:
    watch.tick()
    watch.pass_(2)
    watch.now += 3600
    watch.steady += 3600
    assert watch.sentinel.step()
    watch.tick()
    watch.pass_(4)
    assert watch.helper.pages == []


def test_a_full_disk_is_no_silence(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    ticker = Ticker(watch.state, "serve pid 1", watch.project)
    ticker.beat()
    before = files.read_tick(watch.state)
    os.utime(watch.state / files.TICK, (1, 1))

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "replace_text", full)
    monkeypatch.setattr(ticker, "_last", -EVERY * 10)
    ticker.beat()
    after = files.read_tick(watch.state)
    assert before is not None
    assert after is not None
    assert after.stamp not in (before.stamp, "1000000000")
    assert after.at == before.at


def test_broken_settings_leave_the_last_good_ones(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    watch.tick()
    watch.pass_(2)
    good = watch.sentinel.arms
    for broken in ("load: exit 2: no such file", replace(good, order=(), faults=("line 3: no",))):
        watch.helper.arms = broken
        watch.project.write_text(f"changed {len(str(broken))}")
        watch.pass_(2)
        assert watch.sentinel.arms == good
    assert "the last good ones stay" in caplog.text
    watch.helper.arms = replace(good, order=("other",))
    watch.project.write_text("mended")
    watch.pass_(2)
    assert watch.sentinel.arms.order == ("other",)
    assert watch.helper.loads == 4


def test_settings_are_read_only_when_they_changed(watch: Watch) -> None:
    watch.tick()
    watch.pass_(100)
    assert watch.helper.loads == 1


def test_a_successor_says_nothing_twice_and_numbers_go_on(watch: Watch) -> None:
    watch.tick()
    watch.pass_(20)
    watch.began()
    watch.pass_(20)
    assert len(watch.helper.pages) == 1
    watch.tick()
    watch.pass_(4)
    assert "runs again" in watch.helper.titles[1]
    sent = [json.loads(line) for line in (watch.state / files.SENT).read_text().splitlines()]
    assert [line["kind"] for line in sent] == ["outage", "back"]
    assert sent[0]["n"] < sent[1]["n"]


def test_a_child_leaves_after_a_stop_in_order_and_one_of_its_own_unit_stays(
    tmp_path: Path,
) -> None:
    watch = Watch(tmp_path, child=True)
    watch.helper.store = Known()
    watch.tick()
    assert watch.pass_(4)
    watch.tick(STOPPED)
    assert not watch.pass_(4)
    watch.child = False
    watch.began()
    assert watch.pass_(100)
    assert watch.helper.pages == []


def test_a_child_whose_project_was_removed_leaves(tmp_path: Path) -> None:
    watch = Watch(tmp_path, child=True)
    watch.tick()
    assert watch.pass_(2)
    for each in watch.state.iterdir():
        each.unlink()
    watch.state.rmdir()
    watch.project.unlink()
    assert not watch.pass_(4)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A folder; locks that the test holds in it are let go."""
    yield tmp_path
    for each in Path("/proc/self/fd").iterdir():
        if str(each.resolve()).startswith(str(tmp_path)):
            os.close(int(each.name))


def test_one_state_folder_has_one_sentinel(state: Path) -> None:
    assert lock.holder(state) == ""
    assert lock.hold(state, lock.name(child=False)) is not None
    assert lock.hold(state, "second") is None
    assert lock.started_by_serve(lock.holder(state)) is None
    assert lock.succeed(state, "third") is None


def test_on_a_full_disk_there_is_a_sentinel_all_the_same(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, text: bytes, at: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert lock.hold(state, lock.name(child=True)) is not None
    assert lock.holder(state) == "a sentinel"
    assert lock.started_by_serve(lock.holder(state)) is None


def test_a_sentinel_that_a_server_started_gives_way(state: Path) -> None:
    text = lock.name(child=True)
    assert lock.started_by_serve(text) == os.getpid()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"at": "x", "pid": null, "state": 3}', "\x00\xff"]
)
def test_a_tick_that_cant_be_understood_is_a_sign_all_the_same(tmp_path: Path, text: str) -> None:
    (tmp_path / files.TICK).write_text(text)
    tick = files.read_tick(tmp_path)
    assert tick is not None
    assert tick.state == "serving"


def test_what_is_known_survives_its_file(tmp_path: Path) -> None:
    files.replace_text(tmp_path / files.KNOWN, files.known_text(KNOWN))
    assert files.read_known(tmp_path) == KNOWN
    (tmp_path / files.KNOWN).write_text('{"open": [{"id": 1}, 3], "runs": "x", "total": "many"}')
    assert files.read_known(tmp_path) == Known()
    assert (tmp_path / files.KNOWN).stat().st_mode & 0o077 == 0
