# Shared by scripts/demo and scripts/test. POSIX sh: a fresh Debian or Ubuntu machine has nothing else.

set -eu
cd "$(dirname "$0")/.."
root=$(pwd)

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif command -v sudo >/dev/null 2>&1; then sudo "$@"
    else fail "root is needed for: $*"
    fi
}

# The first of the names that this release has: Debian 13 splits the docker client off, Ubuntu does not.
available() { apt-cache show "$1" >/dev/null 2>&1; }

# install NAME...: says what is missing, then installs it; nothing missing costs one look at dpkg.
install_packages() {
    missing=""
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null 2>&1 || fail "this script installs with apt-get; on other systems install:$missing"
    say "Looking up packages"
    as_root apt-get update -qq
    wanted=""
    for name in $missing; do
        if available "$name"; then wanted="$wanted $name"; else say "not in this release, left out: $name"; fi
    done
    [ -n "$wanted" ] || return 0
    say "Installing from the distribution:$wanted"
    # shellcheck disable=SC2086 # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null
}

# A Python of 3.11 or newer that can make virtual environments; the distribution's own first.
find_python() {
    for candidate in /usr/bin/python3 python3.13 python3.12 python3.11 python3; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        if "$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

# environment EXTRAS: makes .venv and installs doctor into it, again only when its requirements changed.
environment() {
    extras=$1
    stamp="$root/.venv/.stamp"
    [ -x .venv/bin/python ] || rm -f "$stamp"
    want="$extras $(cat pyproject.toml constraints.txt | cksum)"
    if [ -x .venv/bin/doctor ] && [ -f "$stamp" ] && grep -qxF "$want" "$stamp"; then return 0; fi
    python=$(find_python) || fail "no Python 3.11 or newer with venv; doctor needs one"
    if [ ! -x .venv/bin/python ]; then
        say "Making .venv with $("$python" --version)"
        "$python" -m venv .venv
    fi
    say "Installing doctor and its Python packages into .venv (constraints.txt)"
    .venv/bin/python -m pip install -q --disable-pip-version-check --upgrade 'pip>=24'
    .venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".$extras"
    # Everything is compiled once here, so that no first run pays for it.
    .venv/bin/python -m compileall -q doctor checks fixers reports >/dev/null || true
    echo "$want" > "$stamp"
}

BOX_PACKAGES="python3 python3-venv docker.io docker-cli iptables nftables iproute2 busybox-static kmod procps"
