"""The command that installs, reinstalls or upgrades a package on this host, in the words of its package manager."""

from doctor.facts.host.packages import Packages, System
from doctor.model.missing import Missing

_FAMILIES = (
    ("apt", ("debian", "ubuntu")),
    ("dnf", ("fedora", "rhel", "centos", "rocky", "almalinux", "ol", "amzn")),
    ("zypper", ("suse", "opensuse", "sles")),
    ("apk", ("alpine",)),
    ("pacman", ("arch",)),
)
_INSTALL = {
    "apt": "apt-get install",
    "dnf": "dnf install",
    "yum": "yum install",
    "zypper": "zypper install",
    "apk": "apk add",
    "pacman": "pacman -S",
}
_AGAIN = {
    "apt": "apt-get install --reinstall",
    "dnf": "dnf reinstall",
    "yum": "yum reinstall",
    "zypper": "zypper install --force",
    "apk": "apk fix",
    "pacman": "pacman -S",
}
_UPGRADE = {
    "apt": "apt-get update && apt-get install --only-upgrade",
    "dnf": "dnf upgrade",
    "yum": "yum update",
    "zypper": "zypper update",
    "apk": "apk upgrade",
    "pacman": "pacman -Syu",
}
# Packages that bring a part of the engine, Docker's own first; the last is what a distribution's own engine comes in.
_OF_DPKG = {
    "engine": ("docker-ce", "moby-engine", "docker.io"),
    "cli": ("docker-ce-cli", "moby-cli", "docker-cli", "docker.io"),
    "containerd": ("containerd.io", "moby-containerd", "containerd"),
    "runc": ("containerd.io", "moby-runc", "runc"),
}
_PROGRAMS = {"engine": "dockerd", "cli": "docker", "containerd": "containerd", "runc": "runc"}
_NAMES = {"iptables": {"dnf": "iptables-nft", "yum": "iptables"}}
_PLAIN = {"engine": "docker", "cli": "docker", "containerd": "containerd", "runc": "runc"}


def manager(system: System | Missing) -> str:
    """Return the package manager of the distribution, "" if it is not known."""
    if isinstance(system, Missing):
        return ""
    found = next((name for name, ids in _FAMILIES if any(map(system.os.is_like, ids))), "")
    # The one of release 7 and older has no dnf.
    return "yum" if found == "dnf" and system.os.version_id.partition(".")[0] in {"6", "7"} else found


def install(system: System | Missing, package: str) -> str:
    """Return the command that installs a package; where no manager is known, what to do in words."""
    name = manager(system)
    return (
        f"{_INSTALL[name]} {_NAMES.get(package, {}).get(name, package)}" if name else f"install the package {package}"
    )


def reinstall(system: System | Missing, packages: Packages | Missing, component: str) -> str:
    """Return the command that brings the files of a component back: ``engine``, ``cli``, ``containerd``, ``runc``."""
    name = manager(system)
    if not name:
        return f"'command -v {_PROGRAMS[component]}' shows where it belongs: put it back from https://download.docker.com/linux/static/"
    return f"{_AGAIN[name]} {_package(name, packages, component)}"


def upgrade(system: System | Missing, packages: Packages | Missing, *components: str) -> str:
    """Return the command that upgrades components to what the configured repositories have."""
    name = manager(system)
    if not name:
        return f"upgrade {' and '.join(components)} ('dockerd --version' shows the installed one)"
    wanted = dict.fromkeys(_package(name, packages, component) for component in components)
    return f"{_UPGRADE[name]} {' '.join(wanted)}"


def _package(manager_name: str, packages: Packages | Missing, component: str) -> str:
    """Return the package's name; where only the database of the manager knows it, a question to that database."""
    if manager_name == "apt":
        names = _OF_DPKG[component]
        found = None if isinstance(packages, Missing) else packages.first(*names)
        return names[-1] if found is None else found.name
    if manager_name in {"dnf", "yum", "zypper"}:
        return f'"$(rpm -qf --qf "%{{NAME}}" /usr/bin/{_PROGRAMS[component]})"'
    return _PLAIN[component]
