"""A console for tests: a real project folder, a real store and a real web server, on a stage where
probes, playbooks and the clock do what the test wants.

with Stage.set(tmp_path) as stage:
    stage.story()                       # incidents of every state, runs, pages, a silence, a pause
    olga = stage.client("olga")         # an operator who has logged in, without a browser
    olga.get("/incidents/1")
"""

from consolekit.client import Client
from consolekit.stage import PEOPLE, Stage

__all__ = ["PEOPLE", "Client", "Stage"]
