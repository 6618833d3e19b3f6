"""A desk that asks a server: over its Unix socket, or over the network with a token."""
