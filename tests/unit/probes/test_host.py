"""The host probe on real hosts: this machine, and the same one over SSH."""

from __future__ import annotations

import os
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from autofix.core.readings import Reading, Target
from autofix.errors import ProbeError
from autofix.probes.host import HostProbe
from servers.ssh_target import ssh_target

HERE = Target("here", "127.0.0.1", {"ansible_connection": "local"})
QUICK = {"sample": "100ms"}
EXPECTED = {
    "cpu_ratio",
    "cpu_count",
    "load_1",
    "load_per_cpu",
    "memory_total_bytes",
    "memory_used_ratio",
    "disk_used_ratio_max",
    "disk_fullest",
    "disk_free_bytes_min",
    "processes",
    "zombies",
    "uptime_seconds",
    "clock_offset_seconds",
    "kernel",
}


def look(target: Target = HERE, timeout: float = 20.0, **options: Any) -> list[Reading]:
    return HostProbe().look(target, QUICK | options, timeout=timeout, now=1000.0)


def test_this_machine_is_seen_as_it_is() -> None:
    (reading,) = look()
    facts = reading.facts
    assert reading.error == ""
    assert facts["reachable"] is True
    assert set(facts) >= EXPECTED
    assert set(facts) <= set(HostProbe.facts)
    assert facts["cpu_count"] == os.cpu_count()
    assert facts["memory_total_bytes"] == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert facts["kernel"] == f"Linux {os.uname().release}"
    assert abs(facts["clock_offset_seconds"]) < 3
    assert 0 <= facts["cpu_ratio"] <= 1


def test_over_ssh_the_same_facts_come_back(tmp_path: Path) -> None:
    with ssh_target(tmp_path / "sshd") as server:
        (there,) = look(server.target())
    (here,) = look()
    assert there.error == ""
    assert set(there.facts) == set(here.facts)
    for name in ("cpu_count", "memory_total_bytes", "kernel", "disk_fullest"):
        assert there.facts[name] == here.facts[name]


def test_an_unknown_host_key_is_no_look(tmp_path: Path) -> None:
    with ssh_target(tmp_path / "sshd") as server:
        (reading,) = look(server.target(autofix_known_hosts=str(tmp_path / "none")))
    assert set(reading.facts) == {"reachable", "error"}
    assert "is not known" in reading.error


def test_a_reading_for_each_mount_carries_the_hosts_facts_too() -> None:
    readings = look(mount="each")
    mounts = [reading.facts["mount"] for reading in readings]
    assert len(mounts) == len(set(mounts)) >= 1
    for reading in readings:
        assert reading.facts["mounted"] is True
        assert reading.facts["cpu_count"] == os.cpu_count()
        usage = shutil.disk_usage(reading.facts["mount"])
        assert reading.facts["disk_total_bytes"] == pytest.approx(usage.total, abs=1024)
        ratio = usage.used / (usage.used + usage.free)
        assert reading.facts["disk_used_ratio"] == pytest.approx(ratio, abs=0.01)


def test_mounts_by_name_are_found_or_said_to_be_missing() -> None:
    first, second = look(mount=["/proc", "/no/such place"])
    assert (first.facts["mount"], first.facts["mounted"]) == ("/proc", True)
    assert (second.facts["mount"], second.facts["mounted"]) == ("/no/such place", False)
    assert "disk_used_ratio" not in second.facts


def test_a_failed_look_at_mounts_by_name_still_tells_them_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    target = Target("web1", "127.0.0.1", {"ansible_port": port})
    readings = look(target, mount=["/", "/var"])
    assert [reading.facts["mount"] for reading in readings] == ["/", "/var"]
    assert all(reading.facts["reachable"] is False for reading in readings)
    assert all("refused" in reading.error for reading in readings)


def test_a_host_that_hangs_costs_the_timeout_and_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        target = Target("web1", "127.0.0.1", {"ansible_port": mute.getsockname()[1]})
        began = time.monotonic()
        (reading,) = look(target, timeout=0.5)
        assert time.monotonic() - began < 3
    assert reading.facts["reachable"] is False


def test_a_long_sample_never_eats_the_whole_time() -> None:
    began = time.monotonic()
    (reading,) = look(timeout=3.0, sample="30s")
    assert reading.error == ""
    assert time.monotonic() - began < 3


def test_a_host_that_is_no_linux_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What the script meets on a BSD: no /proc, and another name of the kernel.
    fake = tmp_path / "sh"
    fake.write_text(
        "#!/bin/sh\necho '@@ cpu_2'\necho '@@ kernel'\necho 'FreeBSD 14'\necho '@@ end'\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (reading,) = look()
    assert "FreeBSD 14" in reading.error


def test_a_shell_that_fails_is_no_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "sh"
    fake.write_text("#!/bin/sh\nprintf 'no \\033[31mshell here\\n' >&2\nexit 9\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (reading,) = look()
    assert reading.facts["reachable"] is False
    assert "exit 9" in reading.error
    assert "\x1b" not in reading.error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mount": "var"}, "'var' is not a mount point"),
        ({"mount": ["/var", "each"]}, "'each' is not a mount point"),
        ({"mount": 5}, "a mount point such as /var"),
        ({"sampel": "1s"}, "did you mean 'sample'"),
        ({"sample": "1h"}, "between 100ms and 60s"),
        ({"tmpfs": "perhaps"}, "tmpfs"),
    ],
)
def test_wrong_options_are_said_in_words(options: dict[str, Any], words: str) -> None:
    (fault,) = HostProbe().check_options(options)
    assert words in fault
    with pytest.raises(ProbeError):
        HostProbe().look(HERE, options, timeout=1.0, now=0.0)


@pytest.mark.parametrize(
    "options", [{}, {"mount": "each"}, {"mount": "/var"}, {"mount": ["/var", "/"]}, {"tmpfs": True}]
)
def test_right_options_have_no_faults(options: dict[str, Any]) -> None:
    assert HostProbe().check_options(options) == []


def test_the_options_have_a_schema() -> None:
    properties = HostProbe().options_schema()["properties"]
    assert set(properties) == {"sample", "mount", "tmpfs", "network_filesystems"}
