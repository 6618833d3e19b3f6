"""Facts of a host from what its script printed, in the dialects of four distributions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.probes import host_parse as parse
from autofix.probes.host import HostProbe
from autofix.probes.host_facts import HOST_FACTS, MOUNT_FACTS, host_facts, mount_facts
from autofix.probes.host_script import escaped

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text()


def test_debian_in_full() -> None:
    assert host_facts(recorded("debian")) == {
        "cpu_count": 2,
        "cpu_ratio": 0.8,  # 200 ticks: 30 idle, 10 waiting for a disk
        "cpu_iowait_ratio": 0.05,
        "cpu_steal_ratio": 0.05,
        "load_1": 3.0,
        "load_5": 1.5,
        "load_15": 0.75,
        "load_per_cpu": 1.5,
        "memory_total_bytes": 8_000_000 * 1024,
        "memory_available_bytes": 2_000_000 * 1024,
        "memory_used_ratio": 0.75,
        "swap_total_bytes": 1_000_000 * 1024,
        "swap_used_ratio": 0.25,
        "net_rx_bytes_per_second": 62_500_000.0,  # docker0 sees the same bytes again
        "net_tx_bytes_per_second": 250_000.0,
        "net_busiest": "ens3",
        "net_used_ratio_max": 0.5,
        "disk_used_ratio_max": 0.9896,  # of what ordinary users can use
        "disk_fullest": "/var",
        "disk_free_bytes_min": 99_000 * 1024,
        "inode_used_ratio_max": 0.97,
        "inode_fullest": "/srv/data two",
        "failed_units": [],
        "failed_units_count": 0,
        "processes": 123,
        "zombies": 2,
        "open_files_ratio": 0.0,
        "uptime_seconds": 2797.59,
        "kernel": "Linux 6.1.0-28-amd64",
        "os": "Debian GNU/Linux 12 (bookworm)",
    }


def test_ubuntu_names_its_failed_units_and_counts_no_inodes_on_btrfs() -> None:
    facts = host_facts(recorded("ubuntu"))
    assert facts["failed_units"] == [
        "nginx.service",
        "snap.lxd.activate.service",
        "systemd-cryptsetup@luks\\x2d1.service",
    ]
    assert facts["failed_units_count"] == 3
    assert facts["cpu_ratio"] == 1.0
    assert facts["open_files_ratio"] == 0.5
    assert not {"inode_fullest", "inode_used_ratio_max", "swap_used_ratio"} & set(facts)
    assert "net_used_ratio_max" not in facts  # 2^32 - 1 is no speed
    assert [mount["mount"] for mount in mount_facts(recorded("ubuntu"), None)] == ["/"]


def test_alpine_with_busybox_and_without_systemd() -> None:
    facts = host_facts(recorded("alpine"))
    assert (facts["disk_fullest"], facts["disk_used_ratio_max"]) == ("/", 0.6)
    assert facts["disk_free_bytes_min"] == 239_000 * 1024
    assert (facts["inode_fullest"], facts["inode_used_ratio_max"]) == ("/", 0.2)
    assert facts["net_rx_bytes_per_second"] == 2000.0
    assert facts["cpu_ratio"] == 0.0
    assert facts["os"] == "Alpine Linux v3.20"
    assert not {"failed_units", "failed_units_count", "net_used_ratio_max"} & set(facts)


def test_an_old_red_hat_without_available_memory_and_with_a_counter_that_wrapped() -> None:
    facts = host_facts(recorded("rhel"))
    assert facts["memory_used_ratio"] == 0.5  # free, buffers and cache are what is available
    assert facts["cpu_ratio"] == 0.2
    assert (facts["disk_used_ratio_max"], facts["disk_free_bytes_min"]) == (1.0, 0)
    assert facts["net_rx_bytes_per_second"] == 500.0  # the bond's bytes are its link's
    assert facts["net_tx_bytes_per_second"] == 0.0
    assert facts["swap_used_ratio"] == 0.0
    assert not {"failed_units", "os"} & set(facts)  # systemctl failed: not known, not none


def test_one_dict_for_each_filesystem_once_and_the_fullest_first() -> None:
    mounts = mount_facts(recorded("debian"), None)
    assert [mount["mount"] for mount in mounts] == ["/var", "/srv/data two", "/", "/boot/efi"]
    assert mounts[1] == {
        "mount": "/srv/data two",
        "mounted": True,
        "disk_type": "xfs",
        "disk_total_bytes": 52_403_200 * 1024,
        "disk_free_bytes": 26_201_600 * 1024,
        "disk_used_ratio": 0.5,
        "inode_used_ratio": 0.97,
    }
    assert "inode_used_ratio" not in mounts[3]


def test_a_mount_point_that_is_asked_for_and_not_mounted_says_so() -> None:
    mounts = mount_facts(recorded("debian"), ["/backup", "/srv/chroot/var"])
    assert mounts[0] == {"mount": "/backup", "mounted": False}
    assert mounts[1]["disk_used_ratio"] == 0.9896


@pytest.mark.parametrize("name", ["debian", "ubuntu", "alpine", "rhel"])
def test_every_fact_that_comes_out_is_declared(name: str) -> None:
    declared = {fact.name for fact in (*HOST_FACTS, *MOUNT_FACTS)}
    assert set(host_facts(recorded(name))) <= declared
    for mount in mount_facts(recorded(name), None):
        assert set(mount) <= declared
    assert declared <= set(HostProbe.facts)


@given(st.text(max_size=400))
def test_no_output_breaks_the_reading(text: str) -> None:
    assert isinstance(host_facts(text), dict)
    assert mount_facts(text, None) == []


@given(st.data())
def test_output_torn_anywhere_loses_facts_and_invents_none(data: st.DataObject) -> None:
    whole = recorded("debian")
    full = host_facts(whole)
    lines = whole.splitlines()
    torn = host_facts("\n".join(lines[: data.draw(st.integers(0, len(lines)))]))
    for name in ("cpu_ratio", "memory_total_bytes", "net_busiest", "kernel", "load_1", "cpu_count"):
        assert name not in torn or torn[name] == full[name] or name in ("net_busiest", "cpu_count")


@given(
    st.lists(
        st.sampled_from(
            ["@@ cpu_1", "@@ cpu_2", "@@ blocks", "@@ inodes", "@@ meminfo", "@@ links"]
        )
        | st.from_regex(r"(cpu|eth0:|/dev/a)( -?\d{1,4}){0,12}( [/%a-z-]{1,5})?", fullmatch=True),
        max_size=30,
    )
)
def test_ratios_are_between_0_and_1_whatever_a_host_says(lines: list[str]) -> None:
    for name, value in host_facts("\n".join(lines)).items():
        if "ratio" in name:
            assert 0 <= value <= 1, name


@given(st.text(st.sampled_from("/ab \t\\#é"), max_size=20))
def test_mount_points_survive_the_way_proc_writes_them(text: str) -> None:
    assert parse.unescaped(escaped(text)) == text


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "1e5", "nan", "٣"])
def test_strange_numbers_break_nothing(number: str) -> None:
    text = re.sub(r"\b\d+\b", number, recorded("debian"))
    text = re.sub(r"(@@ \w+_)\S+", r"\g<1>1", text) + text
    assert all(value == value for value in host_facts(text).values())
    assert isinstance(mount_facts(text, None), list)


def test_numbers_that_are_no_numbers_are_absent() -> None:
    assert parse.number(["inf"]) is None
    assert parse.number(["abc"]) is None
    assert parse.number([]) is None
    assert parse.number(["1 2"], 5) is None
    assert parse.failed_units([]) is None
    assert parse.failed_units(["exit 124"]) is None
