"""Opening `!vault` values of the settings, by Ansible's own vault in a child."""

from __future__ import annotations

from collections.abc import Sequence

from autofix.ansible.inventory_process import ask
from autofix.ansible.options import AnsibleOptions
from autofix.errors import ConfigError, Problem

HEADER = "$ANSIBLE_VAULT;"


def decrypt(options: AnsibleOptions, text: str, *, file: str = "autofix.yaml") -> str:
    """The plain text of one vault text. See `decrypt_all`."""
    return decrypt_all(options, [text], file=file)[0]


def decrypt_all(
    options: AnsibleOptions, texts: Sequence[str], *, file: str = "autofix.yaml"
) -> list[str]:
    """All of them in one child (about a second). ConfigError on `file`, which shows no text."""
    if not texts:
        return []
    if any(not text.strip().startswith(HEADER) for text in texts):
        raise _no(file, "a !vault value is not Ansible Vault text", "make it with ansible-vault")
    password = options.vault_password_file
    if password is None and options.config is None:
        hint = "set ansible.vault_password_file in the settings"
        raise _no(file, "a !vault value can't be opened: there is no vault password", hint)
    if password is not None and not password.exists():
        raise _no(file, f"the vault password file {password} is not there", "make it, mode 0600")
    try:
        opened: list[str] = ask(options, {"decrypt": list(texts)}, timeout=30.0, file=file)["texts"]
    except ConfigError as error:
        why = error.problems[0].message
        hint = "is this the password it was encrypted with?"
        raise _no(file, f"a !vault value can't be opened: {why}", hint) from None
    return opened


def _no(file: str, message: str, hint: str) -> ConfigError:
    return ConfigError([Problem(file, 0, message, hint)])
