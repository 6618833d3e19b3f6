"""The environment of everything that runs Ansible: empty, but for what the settings let in.

Environment variables win over any ansible.cfg and lose to host variables; so what must hold
against host variables too (host keys!) is in `connection_variables`, which are extra variables.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from autofix.ansible.options import AnsibleOptions

#: Never the caller's: what a run finds must not depend on who started the server.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Read when the settings name no ansible.cfg. Pipelining keeps modules, and so their arguments,
#: off the hosts' disks, and halves the round trips.
DEFAULT_CONFIG = "[connection]\npipelining = True\n"
CALLBACKS = Path(__file__).parent / "callback"


def run_environment(options: AnsibleOptions, folder: Path) -> dict[str, str]:
    """Every variable a child gets, for a run (or an inventory look) with this private folder.

    The folder must hold what `prepare_folder` puts there.
    """
    environment = {
        "PATH": PATH,
        "HOME": _home(),
        "LANG": "C.UTF-8",
        "ANSIBLE_CONFIG": str(options.config or folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_SSH_HOST_KEY_CHECKING": "True",
        "ANSIBLE_SSH_ARGS": ssh_arguments(options),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
        "ANSIBLE_FORKS": str(options.forks),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_STDOUT_CALLBACK": "autofix_events",
    }
    return environment | _let_in(options)


def _let_in(options: AnsibleOptions) -> dict[str, str]:
    """What the settings name; nothing of the caller's environment enters by itself."""
    collections = os.pathsep.join(str(path) for path in options.collections_path)
    named = {
        "ANSIBLE_PRIVATE_KEY_FILE": options.private_key,
        "SSH_AUTH_SOCK": options.ssh_auth_sock,
        "ANSIBLE_VAULT_PASSWORD_FILE": options.vault_password_file,
        "ANSIBLE_COLLECTIONS_PATH": collections,
        "ANSIBLE_PYTHON_INTERPRETER": options.python,
    }
    return {name: str(value) for name, value in named.items() if value}


def ssh_arguments(options: AnsibleOptions) -> str:
    """First on ssh's command line, where ssh takes the first value of an option: final.

    The control path is relative to the run's folder (ssh's working directory): a run's own, and
    never too long for a Unix socket.
    """
    arguments = [
        "-C",
        "-o StrictHostKeyChecking=yes",
        "-o UpdateHostKeys=no",
        "-o NoHostAuthenticationForLocalhost=no",
        "-o VerifyHostKeyDNS=no",
        "-o ControlMaster=auto",
        "-o ControlPersist=60s",
        "-o ControlPath=cp/%C",
    ]
    if options.known_hosts:
        arguments.append(f"""-o 'UserKnownHostsFile="{options.known_hosts}"'""")
    return " ".join(arguments)


def connection_variables(options: AnsibleOptions) -> dict[str, object]:
    """Extra variables, which win over every variable of an inventory, a play or a task."""
    return {
        "ansible_host_key_checking": True,
        "ansible_ssh_host_key_checking": True,
        "ansible_paramiko_host_key_checking": True,
        "ansible_ssh_args": ssh_arguments(options),
    }


def prepare_folder(folder: Path) -> None:
    """Make what `run_environment` points at, inside a fresh folder of mode 0700."""
    for name in ("home", "tmp", "cp"):
        (folder / name).mkdir(mode=0o700)
    (folder / "ansible.cfg").write_text(DEFAULT_CONFIG)


def _home() -> str:
    """From the user database: HOME itself could have been set by anybody."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"
