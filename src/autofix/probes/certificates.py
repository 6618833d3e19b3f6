"""Facts of a server's TLS certificate, trusted or not."""

from __future__ import annotations

import ssl
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from autofix.probes import net
from autofix.probes.net import Deadline
from autofix.probes.words import one_line

DAY = 86400.0


def facts_of(certificate: bytes, now: float) -> dict[str, Any]:
    """Facts of a certificate in DER; empty when it can't be read. `now` in seconds of the epoch."""
    try:
        read = x509.load_der_x509_certificate(certificate)
        left = read.not_valid_after_utc.timestamp() - now
        return {
            "tls_days_left": round(left / DAY, 2),
            "tls_issuer": _name(read.issuer),
            "tls_subject": _name(read.subject),
        }
    except ValueError:
        return {}


def untrusted(host: str, port: int, deadline: Deadline) -> bytes:
    """The certificate that a server shows, without trusting it: nothing is ever sent there.

    Empty when the server can't be reached any more.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            net.permitted(host, port, deadline) as sock,
            context.wrap_socket(sock, server_hostname=host) as secure,
        ):
            return secure.getpeercert(binary_form=True) or b""
    except (net.NetError, OSError):
        return b""


def _name(name: x509.Name) -> str:
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        if values := name.get_attributes_for_oid(oid):
            return one_line(values[0].value, 200)
    return one_line(name.rfc4514_string(), 200)
