"""Killing autofix at every moment and judging what its next start makes of it."""
