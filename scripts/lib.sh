# Shared by scripts/demo, scripts/test and .ci/run. POSIX sh, which a fresh Debian or Ubuntu machine has.

set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
# An ordinary user of Debian has no sbin in the PATH; dockerd and iptables live there.
PATH=$PATH:/usr/sbin:/sbin
export PATH

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi
say() { printf '%s%s%s\n' "$bold" "$*" "$plain" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif command -v sudo >/dev/null 2>&1; then sudo "$@"
    else fail "need root for: $*"
    fi
}

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }
available() { apt-cache show "$1" >/dev/null 2>&1; }

# wanted NAME[:PROGRAM]...: prints the packages that are neither installed nor have their program on PATH. With docker-ce,
# dockerd exists, and installing docker.io would remove docker-ce.
wanted() {
    for entry in "$@"; do
        name=${entry%%:*}
        program=${entry#"$name"}
        program=${program#:}
        if [ -n "$program" ] && command -v "$program" >/dev/null 2>&1; then continue; fi
        installed "$name" || printf ' %s' "$name"
    done
}

# install_packages NAME[:PROGRAM]...: prints the packages before it installs them; a no-op if none is missing.
install_packages() {
    missing=$(wanted "$@")
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null 2>&1 || fail "this script installs with apt-get; on other systems install:$missing"
    say "Looking up packages:$missing"
    as_root apt-get update -qq
    chosen=''
    for name in $missing; do
        # Debian 13 splits the docker client off, Ubuntu and Debian 12 do not.
        if available "$name"; then chosen="$chosen $name"; else say "skipped, not in this release: $name"; fi
    done
    [ -n "$chosen" ] || return 0
    # shellcheck disable=SC2086 # a list of names
    removed=$(apt-get install -s --no-install-recommends $chosen | sed -n 's/^Remv \([^ ]*\).*/\1/p' | tr '\n' ' ')
    for name in $removed; do
        case $name in
            busybox) say "busybox-static replaces busybox" ;;
            # An upgrade from Debian 12 leaves it behind: Python 3.12 and later have no distutils, and python3 breaks it.
            python3-distutils) say "python3 replaces python3-distutils" ;;
            *) fail "installing$chosen would remove $removed; install suitable packages by hand" ;;
        esac
    done
    say "Installing from the distribution:$chosen"
    case $chosen in
        *docker.io*) [ ! -d /run/systemd/system ] || say "(the package starts its own Docker Engine; the tests do not use it)" ;;
    esac
    # shellcheck disable=SC2086 # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $chosen >/dev/null </dev/null
}

# Prints a Python of 3.11 or newer that can create virtual environments; the distribution's own first.
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

# environment [EXTRAS]: creates .venv and installs doctor into it; a no-op while the requirements are unchanged.
environment() {
    extras=${1:-}
    stamp="$root/.venv/.installed-$extras"
    want=$(cat pyproject.toml constraints.txt | cksum)
    if [ -x .venv/bin/python ] && [ -x .venv/bin/doctor ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then return 0; fi
    if ! .venv/bin/python -c '' 2>/dev/null; then
        # Ubuntu 22.04 has a newer Python in addition to its own.
        python=$(find_python) || { install_packages python3.11 python3.11-venv && python=$(find_python); } ||
            fail "doctor needs Python 3.11 or newer with venv"
        say "Creating .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
    say "Installing doctor and its Python packages into .venv (pyproject.toml${extras:+, the extras $extras}, constraints.txt)"
    .venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".$extras" </dev/null
    # Compile everything here, so that the first run is not slower.
    .venv/bin/python -m compileall -q doctor checks fixers reports >/dev/null || true
    echo "$want" > "$stamp"
}

BOX_PACKAGES="python3 python3-venv docker.io:dockerd docker-cli:docker iptables nftables iproute2 busybox-static kmod procps"
