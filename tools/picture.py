"""Make docs/demo.svg: `autofix demo` as a terminal shows it, from a real run (`make picture`)."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 118
ROOT = Path(__file__).resolve().parents[1]
#: Moves of the cursor and erased lines belong to the progress line, which is gone at the end.
MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Zahl]")


def played() -> str:
    """What the demo writes to a terminal of this width."""
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    command = [str(Path(sys.executable).with_name("autofix")), "demo"]
    child = subprocess.Popen(command, stdout=slave, stderr=slave, env=environment, cwd=ROOT)
    os.close(slave)
    chunks = []
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    if child.wait() != 0:
        raise SystemExit("the demo did not heal: no picture of that")
    return b"".join(chunks).decode()


def settled(output: str) -> list[str]:
    """The lines that stay on the screen, without the progress line."""
    lines = (line.split("\r")[-1] for line in output.replace("\r\n", "\n").split("\n"))
    plain = [MOVES.sub("", line) for line in lines]
    return [line for line in plain if not re.search("[⠀-⣿]", line)]


def main() -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ make demo", style="bold"))
    for line in settled(played()):
        console.print(Text.from_ansi(line))
    svg = console.export_svg(title="autofix", theme=MONOKAI)
    # The picture stands alone: no font is fetched from anywhere.
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)
    (ROOT / "docs" / "demo.svg").write_text(svg)


if __name__ == "__main__":
    main()
