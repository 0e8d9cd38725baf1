"""A command names the package manager and the package of this host."""

import pytest

from doctor.facts.host.package_commands import install, reinstall, upgrade
from doctor.facts.host.packages import Packages, System
from doctor.formats.host.dpkg_status import Package
from doctor.formats.host.os_release import parse
from doctor.model.missing import Missing, Why

UNKNOWN = Missing(Why.ABSENT, "no os-release")


def host(identity: str, *, like: str = "", version: str = "1") -> System:
    return System(os=parse(f'ID={identity}\nID_LIKE="{like}"\nVERSION_ID="{version}"\n'))


@pytest.mark.parametrize(
    ("system", "command"),
    [
        (host("debian"), "apt-get install iptables"),
        (host("linuxmint", like="ubuntu debian"), "apt-get install iptables"),
        (host("fedora"), "dnf install iptables-nft"),
        (host("rocky", like="rhel centos fedora", version="9.4"), "dnf install iptables-nft"),
        (host("centos", like="rhel fedora", version="7"), "yum install iptables"),
        (host("opensuse-leap", like="suse opensuse"), "zypper install iptables"),
        (host("alpine"), "apk add iptables"),
        (host("manjaro", like="arch"), "pacman -S iptables"),
        (UNKNOWN, "install the package iptables"),
    ],
)
def test_a_package_is_installed_by_the_manager_of_the_distribution(system: System | Missing, command: str) -> None:
    assert install(system, "iptables") == command


def installed(*names: str) -> Packages:
    items = tuple(Package(name=name, version="1", status="install ok installed") for name in names)
    return Packages(items=items, changelogs={})


@pytest.mark.parametrize(
    ("names", "component", "package"),
    [
        (("docker-ce", "containerd.io"), "runc", "containerd.io"),
        (("docker-ce", "containerd.io"), "engine", "docker-ce"),
        (("docker.io", "containerd", "runc"), "runc", "runc"),
        (("docker.io", "containerd", "runc"), "engine", "docker.io"),
        ((), "engine", "docker.io"),
    ],
)
def test_the_package_is_the_installed_one(names: tuple[str, ...], component: str, package: str) -> None:
    assert reinstall(host("debian"), installed(*names), component) == f"apt-get install --reinstall {package}"


def test_an_rpm_database_is_asked_by_the_command_itself() -> None:
    expected = 'dnf reinstall "$(rpm -qf --qf "%{NAME}" /usr/bin/runc)"'
    assert reinstall(host("fedora"), UNKNOWN, "runc") == expected
    assert upgrade(host("alpine"), UNKNOWN, "engine", "cli") == "apk upgrade docker"
