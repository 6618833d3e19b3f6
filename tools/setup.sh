#!/usr/bin/env bash
# All the set-up a bare Debian or Ubuntu machine needs. Called by every target of the Makefile.
#
#   tools/setup.sh          virtual environment with the locked packages and autofix itself
#   tools/setup.sh demo     the same, and what `make demo` needs: redis-server, bubblewrap
#   tools/setup.sh test     the same, and what `make test` needs: also mariadb-server, postgresql, openssh,
#                           prometheus with its Alertmanager and exporter of Redis, chromium, a Chinese font
#
# Says one line when it installs something and nothing when there is nothing to do. Exit 2: something
# is missing that only root, or you, can provide; the line says what.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PATH:/usr/sbin:/sbin # servers live there, and an ordinary user's PATH often lacks it

readonly VENV=.venv
readonly STAMP=$VENV/.autofix-setup
readonly POLICY=/usr/sbin/policy-rc.d
readonly POLICY_SAVED=/usr/sbin/policy-rc.d.before-autofix
readonly POLICY_MARK="written by autofix's tools/setup.sh, for the time of one installation"

fail() {
    printf 'autofix set-up: %s\n' "$*" >&2
    exit 2
}

# ── what is there ───────────────────────────────────────────────────────────────────────────────

runs_and_fits() { # a name on PATH may be a shim that cannot run
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

find_python() { # the newest Python that fits, best one that can make virtual environments
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if runs_and_fits "$name" && can_make_venv "$name"; then printf '%s\n' "$name" && return; fi
    done
    for name in python3.13 python3.12 python3.11 python3; do
        if runs_and_fits "$name"; then printf '%s\n' "$name" && return; fi
    done
    return 1
}

can_make_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

python_package() { # what gives this machine a Python that can make virtual environments
    local python version
    if ! python=$(find_python); then
        # An older release may carry a newer Python beside its own (Ubuntu 22.04 does).
        if command -v python3 >/dev/null; then printf 'python3.11-venv\n'; else printf 'python3-venv\n'; fi
    elif ! can_make_venv "$python"; then
        version=$("$python" -c 'import sys; print("{}.{}".format(*sys.version_info))')
        printf 'python%s-venv\n' "$version"
    fi
}

missing_packages() { # distribution packages whose programs are not there, for this purpose
    [[ -e $STAMP ]] || python_package
    [[ $1 == python ]] && return
    command -v redis-server >/dev/null || printf 'redis-server\n'
    command -v bwrap >/dev/null || printf 'bubblewrap\n'
    [[ $1 == demo ]] && return
    command -v mariadbd >/dev/null || printf 'mariadb-server\n'
    has_postgresql || printf 'postgresql\n'
    command -v sshd >/dev/null || printf 'openssh-server\n'
    command -v ssh >/dev/null || printf 'openssh-client\n'
    local monitoring
    command -v chromium >/dev/null || printf 'chromium\n'
    has_chinese_font || printf 'fonts-wqy-microhei\n'
    for monitoring in prometheus prometheus-alertmanager prometheus-redis-exporter; do
        command -v "$monitoring" >/dev/null || printf '%s\n' "$monitoring"
    done
}

has_postgresql() { # Debian keeps its programs off PATH, a folder for each version
    command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}

has_chinese_font() { # without one a screenshot of the console in Chinese is empty boxes
    command -v fc-list >/dev/null && [[ -n $(fc-list :lang=zh family) ]]
}

# ── the distribution's packages ─────────────────────────────────────────────────────────────────

forbid_starts() { # a package's own scripts ask policy-rc.d before they start a service
    restore_starts # a set-up that was killed may have left ours behind
    if [[ -e $POLICY || -L $POLICY ]]; then mv "$POLICY" "$POLICY_SAVED"; fi
    printf '#!/bin/sh\n# %s\nexit 101\n' "$POLICY_MARK" >"$POLICY"
    chmod 755 "$POLICY"
}

restore_starts() {
    if grep -qsF "$POLICY_MARK" "$POLICY"; then rm -f "$POLICY"; fi
    if [[ ! -e $POLICY && ( -e $POLICY_SAVED || -L $POLICY_SAVED ) ]]; then
        mv "$POLICY_SAVED" "$POLICY"
    fi
}

stay_off_at_boot() { # what we brought must not come up at the next boot either
    command -v systemctl >/dev/null || return 0
    local package
    for package in "$@"; do
        case $package in
            redis-server) systemctl disable redis-server.service ;;
            mariadb-server) systemctl disable mariadb.service ;;
            postgresql) systemctl disable postgresql.service ;;
            openssh-server) systemctl disable ssh.service ssh.socket ;;
            prometheus*) systemctl disable "$package.service" ;;
        esac
    done >/dev/null 2>&1 || true
}

apt() { # quiet, but with apt's own words when it fails
    local log
    log=$(mktemp)
    if ! DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 \
        "$@" >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

known_to_apt() { # with package lists of this machine, every package can be found
    local package
    for package in "$@"; do
        apt-cache show "$package" >/dev/null 2>&1 || return 1
    done
}

install_packages() {
    local refreshed=
    command -v apt-get >/dev/null || fail "this machine has no apt-get; install by hand: $*"
    if ((EUID != 0)); then
        fail "missing: $*; run once as root: apt-get install --no-install-recommends $*"
    fi
    printf 'autofix set-up: installing %s from the distribution (no service is started)\n' "$*"
    trap restore_starts EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    forbid_starts
    if ! known_to_apt "$@"; then
        apt update || fail "apt-get update failed; see above"
        refreshed=yes
    fi
    if ! apt install -y --no-install-recommends "$@"; then
        # Lists may be old: they name versions that the mirror no longer has.
        [[ -z $refreshed ]] && apt update && apt install -y --no-install-recommends "$@" ||
            fail "apt-get install $* failed; see above"
    fi
    stay_off_at_boot "$@"
    restore_starts
    trap - EXIT INT TERM HUP
}

# ── Python ──────────────────────────────────────────────────────────────────────────────────────

fingerprint() { # changes with the locked packages, the project's own metadata, and its place
    { pwd; cat requirements.lock pyproject.toml tools/setup.sh; } | sha256sum | cut -d' ' -f1
}

install_python_packages() {
    local python
    python=$(find_python) || fail "needs Python 3.11, 3.12 or 3.13; found $(python3 -V 2>&1 || true)"
    printf 'autofix set-up: installing the locked Python packages into %s\n' "$VENV"
    rm -f "$STAMP"
    # A half-made or moved environment is made anew; a whole one is only brought up to date.
    if ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || ! runs_and_fits "$VENV/bin/python"; then
        "$python" -m venv --clear "$VENV" || fail "could not make $VENV with $python; see above"
    fi
    local pip=("$VENV/bin/python" -m pip -qq --disable-pip-version-check --no-input install)
    "${pip[@]}" --require-hashes -r requirements.lock ||
        fail "pip could not install requirements.lock; see above"
    "${pip[@]}" --no-deps --no-build-isolation -e . || fail "pip could not install autofix; see above"
    # An editable installation is not compiled, and where Python may not write, every start would do it.
    "$VENV/bin/python" -m compileall -q src || fail "could not compile src; see above"
    printf '%s\n' "$1" >"$STAMP"
    printf 'autofix set-up: done; the command is %s/bin/autofix\n' "$VENV"
}

main() {
    local purpose=${1:-python} want
    case $purpose in python | demo | test) ;; *) fail "unknown purpose $purpose: python, demo or test" ;; esac
    exec 9<requirements.lock
    flock 9 # two calls at once: the second waits, and then finds everything done
    local -a packages
    mapfile -t packages < <(missing_packages "$purpose")
    if ((${#packages[@]})); then install_packages "${packages[@]}"; fi
    want=$(fingerprint)
    if [[ ! -x $VENV/bin/autofix || $(cat "$STAMP" 2>/dev/null) != "$want" ]]; then
        install_python_packages "$want"
    fi
}

main "$@"
