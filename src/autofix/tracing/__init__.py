"""Traces of a whole incident for OpenTelemetry: an extra."""
