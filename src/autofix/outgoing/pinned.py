"""httpx, connected to exactly the addresses that were looked at."""

from __future__ import annotations

import ssl

import httpx

from autofix.core.inert import inert
from autofix.outgoing import NotAllowed, addresses


class PinnedTransport(httpx.HTTPTransport):
    """Connects to what was looked at; the name stays in the `Host` header and in TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        failed: Exception = NotAllowed(f"{inert(host, 120)} has no address")
        for address in addresses(host, port):
            try:
                return super().handle_request(_to(address, request, host))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise failed


def _to(address: str, request: httpx.Request, host: str) -> httpx.Request:
    name = {} if address == host else {"sni_hostname": host}
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, **name},
    )
