"""A runbook's file, as people read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from autofix.core.inert import MASK, names_a_secret

#: Characters of a file that are shown.
LARGEST = 200_000
#: `key: value` on one line, also between braces. Values that begin a mapping, a list or a block
#: hold keys of their own.
_PAIR = re.compile(
    r"""(?<![\w.-])(?P<key>[A-Za-z_][\w.-]{0,99})(?P<colon>["']?[ \t]{0,9}:[ \t]{1,99})
    (?P<value>"[^"\n]{0,9999}"|'[^'\n]{0,9999}'|[^\s{}\[\],&!|>#"'][^\n,}\]#]{0,9999})""",
    re.VERBOSE,
)
#: These name where a secret is kept, which is no secret.
_WHERE = ("_env", "_file", "_kept")


class Stands(StrEnum):
    """The file beside what is in force."""

    SAME = "same"
    CHANGED = "changed"  # since it was loaded
    VANISHED = "vanished"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class RunbookSource:
    """`text` is what is in force, whatever became of the file; `cut`: there is more of it."""

    runbook: str
    file: str
    text: str
    stands: Stands
    cut: bool = False


def masked(text: str) -> str:
    """Without values of keys that name a secret. None should be there; people make mistakes."""

    def hidden(found: re.Match[str]) -> str:
        key = found["key"]
        if not names_a_secret(key) or key.endswith(_WHERE):
            return found[0]
        return f"{key}{found['colon']}{MASK}"

    return _PAIR.sub(hidden, text)
