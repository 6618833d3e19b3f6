"""The pure core: values in, values out; `now` is passed in; no I/O, no clock, no logging.

Times are seconds since the epoch (float, UTC), durations are seconds (float).
"""
