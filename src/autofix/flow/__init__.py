"""The shell around the core, one file per arrow, in the order a failure travels:

observing → intake → decide → remediate → verify → escalate, with `record` for what is written down
and `tick` for what is due. Every arrow is one transaction: a change of state and its audit event.
"""
