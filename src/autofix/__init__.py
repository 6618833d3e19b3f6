"""autofix: automated remediation that proves the symptom is gone."""

__version__ = "0.1.0"
