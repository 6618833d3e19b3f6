"""A child that loads vars files as a run does, and says what came out of each.

Texts of files on stdin (a JSON list); on stdout, for each: what a playbook's `af` is, whether any
leaf of it or `event_json` itself is trusted as a template, and whether templating it again
changes it.
"""

import json
import os
import sys
from pathlib import Path

from ansible import context
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from ansible.utils import vars as extra
from ansible.utils.context_objects import CLIArgs

try:  # core 2.19 trusts templates explicitly, core 2.18 trusts all text that is not marked unsafe
    from ansible.template import is_trusted_as_template, trust_as_template
except ImportError:
    from ansible.utils.unsafe_proxy import AnsibleUnsafe

    def is_trusted_as_template(value):
        return not isinstance(value, AnsibleUnsafe)

    def trust_as_template(text):
        return text


AF = trust_as_template("{{ event_json | from_json }}")


def leaves(value):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(key)
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif isinstance(value, str):
        yield value


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, str) else value


def seen(path):
    context.CLIARGS = CLIArgs({"extra_vars": (f"@{path}",)})
    vars(extra.load_extra_vars).pop("extra_vars", None)  # 2.18 keeps what it loaded first
    loader = DataLoader()
    loaded = extra.load_extra_vars(loader)
    templar = Templar(loader=loader, variables=loaded)
    af = templar.template(AF)
    again = templar.template(af)
    trusted = is_trusted_as_template(loaded["event_json"])
    if "trust_as_template" in dir(sys.modules["ansible.template"]):
        trusted = trusted or any(map(is_trusted_as_template, leaves(af)))
    return {"af": plain(af), "trusted": trusted, "same": plain(again) == plain(af)}


def main():
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    init_plugin_loader()
    for number, text in enumerate(json.load(sys.stdin)):
        path = Path(sys.argv[1], f"{number}.json")
        path.write_text(text)
        answer.write(json.dumps(seen(path)) + "\n")
        path.unlink()
    answer.close()


if __name__ == "__main__":
    main()
