"""Commands of this host's package manager that install, reinstall or upgrade a package."""

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
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
# Packages with a part of the engine, Docker's own first; the last is the distribution's own package.
_OF_DPKG = {
    "engine": ("docker-ce", "moby-engine", "docker.io"),
    "cli": ("docker-ce-cli", "moby-cli", "docker-cli", "docker.io"),
    "containerd": ("containerd.io", "moby-containerd", "containerd"),
    "runc": ("containerd.io", "moby-runc", "runc"),
}
_PROGRAMS = {"engine": docker.PROCESS, "cli": docker.CLIENT, "containerd": containerd.PROCESS, "runc": docker.RUNC}
_NAMES = {"iptables": {"dnf": "iptables-nft", "yum": "iptables"}}
_PLAIN = {"engine": "docker", "cli": "docker", "containerd": "containerd", "runc": "runc"}


def manager(system: System | Missing) -> str:
    """Return the package manager of the distribution, "" if unknown."""
    if isinstance(system, Missing):
        return ""
    found = next((name for name, ids in _FAMILIES if any(map(system.os.is_like, ids))), "")
    # Release 7 and older have no dnf.
    return "yum" if found == "dnf" and system.os.version_id.partition(".")[0] in {"6", "7"} else found


def install(system: System | Missing, package: str) -> str:
    """Return the command that installs a package; an instruction in words if the package manager is unknown."""
    name = manager(system)
    return (
        f"{_INSTALL[name]} {_NAMES.get(package, {}).get(name, package)}" if name else f"install the package {package}"
    )


def reinstall(system: System | Missing, packages: Packages | Missing, component: str) -> str:
    """Return the command that reinstalls a component: ``engine``, ``cli``, ``containerd``, ``runc``."""
    name = manager(system)
    if not name:
        return (
            "copy the programs of a docker-*.tgz from https://download.docker.com/linux/static/stable/ over the installed ones"
            f" ('command -v {_PROGRAMS[component]}' shows their directory)"
        )
    return f"{_AGAIN[name]} {_package(name, packages, component)}"


def reinstall_file(system: System | Missing, file: str, package: str | None) -> str:
    """Return the command that brings a file back: a path, or the name of a library. ``package`` is its owner by dpkg.

    "" if neither its owner nor a query of the package manager is known.
    """
    name = manager(system)
    if package:
        return f"{_AGAIN.get(name, 'reinstall the package')} {package}"
    if package is None and name in {"dnf", "yum", "zypper"}:
        wanted = f"'{file}()(64bit)'" if "/" not in file else f'"$(rpm -qf --qf "%{{NAME}}" {file})"'
        return f"{_INSTALL[name] if '/' not in file else _AGAIN[name]} {wanted}"
    if package is None and name == "pacman" and "/" in file:
        return f'{_AGAIN[name]} "$(pacman -Qqo {file})"'
    if package == "" and "/" in file:
        return f"no package has {file}: install it again from its source, or remove it to use the one of the package"
    return ""


def upgrade(system: System | Missing, packages: Packages | Missing, *components: str) -> str:
    """Return the command that upgrades components to the versions in the configured repositories."""
    name = manager(system)
    if not name:
        asked = "; ".join(f"{_PROGRAMS[component]} --version" for component in components)
        return f"upgrade {' and '.join(components)} (to see the installed version: {asked})"
    wanted = dict.fromkeys(_package(name, packages, component) for component in components)
    return f"{_UPGRADE[name]} {' '.join(wanted)}"


def _package(manager_name: str, packages: Packages | Missing, component: str) -> str:
    """Return the package's name, or a query of the package database that prints it."""
    if manager_name == "apt":
        names = _OF_DPKG[component]
        found = None if isinstance(packages, Missing) else packages.first(*names)
        return names[-1] if found is None else found.name
    if manager_name in {"dnf", "yum", "zypper"}:
        return f'"$(rpm -qf --qf "%{{NAME}}" /usr/bin/{_PROGRAMS[component]})"'
    return _PLAIN[component]


def kernel_upgrade(vendor: str, cve: str, fixed_in: str = "") -> str:
    """Return how to upgrade the kernel of a vendor ("" if unknown), and how to see whether it has the fix of a CVE."""
    if vendor == "ubuntu":
        return f"apt-get install linux-generic, then reboot; {tracker(vendor, cve)} names the fixed package"
    if vendor == "debian":
        return f"apt-get install linux-image-amd64, then reboot; {tracker(vendor, cve)} names the fixed package"
    if vendor in {"rhel", "fedora", "oracle", "amazon", "centos", "rocky", "almalinux"}:
        return f"dnf upgrade kernel, then reboot; 'rpm -q --changelog kernel | grep {cve}' shows whether it has the fix"
    if vendor == "suse":
        return f"zypper patch, then reboot; {tracker(vendor, cve)} names the fixed package"
    series = f"one of its series that has the fix ({fixed_in})" if fixed_in else f"one that has the fix of {cve}"
    return f"uname -r shows the running kernel: install {series}, then reboot"


def tracker(distribution: str, cve: str) -> str:
    """Return the page on which a distribution shows whether it has fixed a CVE."""
    pages = {
        "debian": f"https://security-tracker.debian.org/tracker/{cve}",
        "suse": f"https://www.suse.com/security/cve/{cve}.html",
        "ubuntu": f"https://ubuntu.com/security/{cve}",
    }
    return pages.get(distribution, "the distribution's security tracker")
