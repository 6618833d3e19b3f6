"""A new project: complete, right, and nothing of the user's is touched."""

from __future__ import annotations

from pathlib import Path

from autofix.app.site import Site
from autofix.app.starter import SETTINGS, add_missing


def test_a_new_project_is_right_but_for_its_empty_groups(tmp_path: Path) -> None:
    added, kept = add_missing(tmp_path)
    assert "runbooks/redis-memory-high.yaml" in added
    assert kept == []
    problems = Site.open(tmp_path).check()
    assert [each for each in problems if each.level == "error"] == []
    warned = {each.message for each in problems if "has no hosts" in each.message}
    assert any("'redis'" in each for each in warned)


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    add_missing(tmp_path)
    mine = tmp_path / "runbooks" / "redis-memory-high.yaml"
    mine.write_text("mine")
    (tmp_path / "playbooks" / "redis_rewrite_aof.yml").unlink()
    added, kept = add_missing(tmp_path)
    assert mine.read_text() == "mine"
    assert added == ["playbooks/redis_rewrite_aof.yml"]
    assert "runbooks/redis-memory-high.yaml" in kept


def test_the_repository_itself_is_such_a_project() -> None:
    root = Path(__file__).resolve().parents[3]
    problems = Site.open(root).check()
    assert [str(each) for each in problems if each.level == "error"] == []


def test_each_example_of_a_block_is_right_when_its_mark_is_taken_away(tmp_path: Path) -> None:
    add_missing(tmp_path)
    head, _, examples = SETTINGS.partition("# timezone:")
    lines = f"# timezone:{examples}".splitlines()
    text = "\n".join(line.removeprefix("# ") for line in lines)
    (tmp_path / "autofix.yaml").write_text(f"{head}{text}\n")
    site = Site.open(tmp_path)
    assert [str(each) for each in site.check() if each.level == "error"] == []
    assert site.settings.timezone == "Europe/Berlin"
    assert len(site.settings.freezes) == 1
