"""Settings and runbooks: YAML with positions, every error at once, cross-checked.

`load_settings` first, since the inventory needs it; then `load` with everything from outside.
"""

from autofix.config.document import scalar
from autofix.config.files import find, shown_path
from autofix.config.outside import Outside
from autofix.config.paging import ChannelSettings
from autofix.config.project import Project, fingerprint, load
from autofix.config.schema import json_schema
from autofix.config.settings import AnsibleSettings, Retention, Settings
from autofix.config.settings_file import Decrypt, load_settings

__all__ = [
    "AnsibleSettings",
    "ChannelSettings",
    "Decrypt",
    "Outside",
    "Project",
    "Retention",
    "Settings",
    "find",
    "fingerprint",
    "json_schema",
    "load",
    "load_settings",
    "scalar",
    "shown_path",
]
