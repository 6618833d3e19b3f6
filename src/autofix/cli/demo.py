"""`autofix demo`: the main job on a real Redis, told as it happens."""

from __future__ import annotations

import sys
import time

import click

from autofix.app.interrupts import Interrupts
from autofix.app.sandbox import NAME, Sandbox
from autofix.app.site import Site
from autofix.cli.follow import Follower, Story
from autofix.cli.sources import OfStore
from autofix.core.incidents import Incident, State
from autofix.errors import UsageError
from autofix.flow.context import Context

#: Seconds until the server must have seen the failure, and until everything must be over.
SEEN_WITHIN, OVER_WITHIN = 30.0, 150.0


@click.command()
@click.option("--keep", is_flag=True, help="Leave it running, with its console open.")
@click.option("--unfixable", is_flag=True, help="Let Redis refuse CONFIG: see who is paged then.")
def demo(keep: bool, unfixable: bool) -> None:
    """A real Redis at 95 % of its memory is seen, fixed and proven healed, in a sandbox.

    Exit code 0 only if it truly healed and the record of it verifies.
    """
    story, began = Story(brief=True), time.monotonic()
    sandbox = Sandbox(refuse_config=unfixable)
    kept = False
    try:
        with Interrupts():
            healed = _play(sandbox, story, unfixable)
        story.say(f"\n{time.monotonic() - began:.0f} seconds in all.")
        if keep:
            kept = True
            _say_how_to_look(sandbox, story)
        else:
            story.say("To look at it in a browser: autofix demo --keep")
    finally:
        if not kept:
            sandbox.close()
    sys.exit(0 if healed else 1)


def _play(sandbox: Sandbox, story: Story, unfixable: bool) -> bool:
    story.say("A sandbox with a real redis-server, filled to 95 % of its memory.", "bold")
    story.say("The shipped runbook and playbooks are used as they are; autofix.yaml of the sandbox")
    story.say("only shortens the durations (look every 1 s, fire after 2 s, verify within 3 s).")
    story.say("Of each run, only what it changed is shown here (all of it: autofix runs log).")
    if unfixable:
        story.say("This Redis refuses CONFIG, so the fix can't work.", "yellow")
    sandbox.build()
    before, lasting = sandbox.ratio(), sandbox.lasting()
    story.say(
        f"\nbefore     used_memory_ratio {before:.3f}, {lasting} keys without a time to live\n"
    )
    sandbox.serve()
    site = Site.open(sandbox.folder)
    ctx = site.context("demo")
    incident = _tell(ctx, _first_incident(ctx, sandbox), story, sandbox)
    after, left = sandbox.ratio(), sandbox.lasting()
    story.say(f"\nafter      used_memory_ratio {after:.3f}, {left} keys without a time to live")
    verified = _verify(site, story)
    if incident.state is not State.HEALED:
        _show_page(sandbox, story)
        return False
    healed = after < before and left == lasting and verified
    if not healed:
        story.say(
            "The record says healed, but the numbers do not: a defect in autofix.", "bold red"
        )
    return healed


def _first_incident(ctx: Context, sandbox: Sandbox) -> int:
    deadline = time.monotonic() + SEEN_WITHIN
    while time.monotonic() < deadline:
        if not sandbox.alive():
            tail = sandbox.log.read_text(errors="replace")[-1500:]
            raise UsageError(f"the demo's server ended early:\n{tail}")
        with ctx.store.reading() as reads:
            found = reads.incidents(limit=1)
        if found:
            return found[0].id
        ctx.clock.sleep(0.1)
    raise UsageError(f"the failure was not seen within {SEEN_WITHIN:.0f} s")


def _tell(ctx: Context, number: int, story: Story, sandbox: Sandbox) -> Incident:
    follower = Follower(OfStore(ctx), number, story)
    deadline = time.monotonic() + OVER_WITHIN
    try:
        while True:
            incident, rests = follower.advance()
            if rests or time.monotonic() > deadline or not sandbox.alive():
                return incident
            ctx.clock.sleep(0.1)
    finally:
        story.rest()


def _verify(site: Site, story: Story) -> bool:
    report = site.verify_audit()
    good = not report.breaks
    words = f"record     {report.size} events, the chain holds" if good else "record     BROKEN"
    story.say(words, "green" if good else "bold red")
    for each in report.breaks:
        story.say(f"           {each.what}", "red")
    return good


def _show_page(sandbox: Sandbox, story: Story) -> None:
    story.say("\nNot healed. The page that went out:\n", "bold red")
    text = sandbox.pages.read_text() if sandbox.pages.exists() else "(none went out)"
    for line in text.splitlines():
        story.say("  | " + line)


def _say_how_to_look(sandbox: Sandbox, story: Story) -> None:
    here = f"autofix -C {sandbox.folder}"
    story.say("\nThe console shows all of it, in a browser on this machine:", "bold")
    story.say(f"  {sandbox.console()}")
    story.say(f"  name      {NAME}")
    story.say(f"  password  {sandbox.password}   (said this once)")
    story.say("\nThe sandbox is still running:", "bold")
    story.say(f"  {here} status")
    story.say(f"  {here} incidents list --all")
    story.say(f"  {here} audit verify")
    pids = " ".join(str(pid) for pid in sandbox.pids())
    story.say(f"End it: kill {pids}; rm -r {sandbox.folder}")
