"""The doctor: everything that could make autofix fail at night, looked at now, with its mend."""
