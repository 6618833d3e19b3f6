"""The sentinel: a second small process that pages when the server has stopped ticking."""
