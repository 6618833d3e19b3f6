"""What the host probe asks a Linux host: one POSIX shell script, read by `sh -s` from its input.

Nothing has to be installed there: /proc, and the usual small programs of coreutils or busybox.
Each part begins with a line `@@ name`; `host_parse` reads it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

#: Filesystems that hold no data of their own, or are always full (images).
_PSEUDO = (
    "autofs bdev binfmt_misc bpf cgroup cgroup2 configfs cpuset cramfs debugfs devpts devtmpfs"
    " efivarfs erofs fusectl hugetlbfs iso9660 mqueue nsfs overlay pipefs proc pstore ramfs rootfs"
    " rpc_pipefs securityfs selinuxfs sockfs squashfs sysfs tracefs udf"
)
#: Filesystems whose server may be gone: asking their size would then hang.
_REMOTE = "nfs* cifs smb* ncpfs afs ceph glusterfs lustre gpfs beegfs 9p fuse.*"

_SCRIPT = r"""
LC_ALL=C; export LC_ALL
PATH="$PATH:/usr/sbin:/usr/bin:/sbin:/bin"; export PATH
set -f
sample=$1 tmpfs=$2 remote=$3
shift 3

counters() {
  echo "@@ uptime_$1"; cat /proc/uptime
  echo "@@ cpu_$1"; grep '^cpu' /proc/stat
  echo "@@ net_$1"; cat /proc/net/dev
}
limited() {
  if command -v timeout >/dev/null 2>&1; then timeout 3 "$@"; else "$@"; fi </dev/null 2>/dev/null
}
wanted() {
  for want in $forced; do [ "$want" = "$2" ] && return 0; done
  case $1 in
    tmpfs) [ "$tmpfs" = 1 ] ;;
    overlay) [ "$2" = / ] ;;
    PSEUDO) return 1 ;;
    REMOTE) [ "$remote" = 1 ] ;;
    *) return 0 ;;
  esac
}

counters 1
sleep "$sample" 2>/dev/null || sleep 1
counters 2
echo "@@ loadavg"; cat /proc/loadavg
echo "@@ meminfo"; cat /proc/meminfo
echo "@@ files"; cat /proc/sys/fs/file-nr
echo "@@ kernel"; uname -sr
echo "@@ os"; cat /etc/os-release 2>/dev/null
echo "@@ links"
for name in $(set +f; cd /sys/class/net 2>/dev/null && echo *); do
  path=/sys/class/net/$name
  [ -e "$path/device" ] && kind=physical || kind=virtual
  echo "$name $kind $(cat "$path/speed" 2>/dev/null)"
done
echo "@@ mounts"
# The mounts asked for by name come as arguments; spaces in them as /proc/self/mounts writes them.
forced=$*
set --
while read -r device mount type rest; do
  wanted "$type" "$mount" || continue
  echo "$device $mount $type"
  set -- "$@" "$(printf '%b' "$mount")"
done </proc/self/mounts
if [ $# -gt 0 ]; then
  echo "@@ blocks"; limited df -Pk "$@"
  echo "@@ inodes"; limited df -Pi "$@"
fi
if [ -d /run/systemd/system ]; then
  echo "@@ units"
  limited systemctl list-units --failed --plain --no-legend --no-pager
  echo "exit $?"
fi
echo "@@ processes"
(set +f; cat /dev/null; grep -hs '^State:' /proc/[0-9]*/status) | sort | uniq -c
echo "@@ date"; date +%s
echo "@@ end"
exit 0
"""

SCRIPT = _SCRIPT.replace("PSEUDO", "|".join(_PSEUDO.split())).replace(
    "REMOTE", "|".join(_REMOTE.split())
)


def command(
    sample: float, *, tmpfs: bool = False, remote: bool = False, mounts: Sequence[str] = ()
) -> tuple[list[str], bytes]:
    """The words to run and what to feed them. `sample`: seconds between the two samples."""
    forced = [escaped(mount) for mount in mounts]
    words = ["sh", "-s", "--", f"{sample:g}", str(int(tmpfs)), str(int(remote)), *forced]
    return words, SCRIPT.encode()


def escaped(mount: str) -> str:
    """A mount point as /proc/self/mounts writes it: blanks and backslashes in octal."""
    return "".join(f"\\{ord(char):03o}" if char in " \t\n\\#" else char for char in mount)


def by_hand(sample: float = 1.0) -> str:
    """The same call for a person's shell."""
    return shlex.join(command(sample)[0])
