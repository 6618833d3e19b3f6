"""Which addresses calls to the outside may reach."""

from __future__ import annotations

import pytest

from autofix.core.outgoing import refusal


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.5", "127.0.0.1", "::1", "192.168.1.1", "8.8.8.8", "169.253.255.255", "169.255.0.0",
        "2001:db8::1", "fd00::1", "fec0::1", "::ffff:10.0.0.5", "64:ff9b::808:808",
        "100.100.100.201", "2002:0808:0808::1",
    ],
)  # fmt: skip
def test_machines_may_be_called(address: str) -> None:
    assert refusal(address) == ""


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("169.254.169.254", "link-local"),
        ("169.254.0.0", "link-local"),
        ("169.254.255.255", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("febf:ffff::1", "link-local"),
        ("::ffff:169.254.169.254", "link-local"),
        ("::ffff:a9fe:a9fe", "link-local"),
        ("::169.254.169.254", "link-local"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("64:ff9b:1::a9fe:a9fe", "link-local"),
        ("2002:a9fe:a9fe::1", "link-local"),
        ("fd00:ec2::254", "metadata"),
        ("FD00:0EC2:0:0:0:0:0:254", "metadata"),
        ("fd20:ce::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("192.0.0.192", "metadata"),
        ("0.0.0.0", "not the address of a machine"),
        ("0.1.2.3", "not the address of a machine"),
        ("::", "not the address of a machine"),
        ("224.0.0.1", "not the address of a machine"),
        ("ff02::1", "not the address of a machine"),
        ("255.255.255.255", "not the address of a machine"),
        ("::ffff:0.0.0.0", "not the address of a machine"),
        ("example.com", "no address"),
        ("", "no address"),
        ("0xa9fea9fe", "no address"),  # a lookup makes it one
    ],
)
def test_a_clouds_metadata_and_the_link_itself_may_not(address: str, what: str) -> None:
    assert what in refusal(address)


def test_what_the_settings_name_may_be_called() -> None:
    assert refusal("169.254.7.7", ["169.254.7.0/24"]) == ""
    assert refusal("169.254.8.7", ["169.254.7.0/24"])
    assert refusal("fe80::7%eth0", ["fe80::7"]) == ""
    assert refusal("::ffff:169.254.7.7", ["169.254.7.7"]) == ""
