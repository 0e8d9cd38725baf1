"""A boot of a box, as its files say: what sysctl, ufw, nftables, netfilter-persistent, ifupdown and others apply, then dockerd."""

import re
import shlex
import xml.etree.ElementTree as ET
from fnmatch import fnmatchcase
from pathlib import Path

from tests.hosts.box import Box
from tests.hosts.cuts.hosts import settle

_WANTS = "/etc/systemd/system/multi-user.target.wants"


def reboot(box: Box, version: int = 4) -> None:
    """Cut the power, begin with a new network namespace, let the box's files have their effect, and start the engine."""
    box.power_loss(network=True)
    settle(box, version)
    for apply in (_ufw, _nftables, _persistent, _interfaces, _firewalld):
        apply(box)
    box.start_dockerd()
    _networkd(box)
    _network_manager(box)


def _is_enabled(box: Box, service: str) -> bool:
    return box.exists(f"{_WANTS}/{service}.service")


def _settings(box: Box, path: str) -> dict[str, str]:
    if not box.exists(path):
        return {}
    pairs = (line.partition("=") for line in box.read(path).splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def _ufw(box: Box) -> None:
    if _settings(box, "/etc/ufw/ufw.conf").get("ENABLED", "").lower() != "yes":
        return
    default = _settings(box, "/etc/default/ufw")
    if path := default.get("IPT_SYSCTL"):
        box.run(["sysctl", "-e", "-q", "-p", path], check=False)
    policy = {"ACCEPT": "ACCEPT"}.get(default.get("DEFAULT_FORWARD_POLICY", ""), "DROP")
    for tool in ("iptables", "ip6tables"):
        box.run([tool, "-P", "FORWARD", policy], check=False)


def _nftables(box: Box) -> None:
    if _is_enabled(box, "nftables"):
        box.run(["nft", "-f", "/etc/nftables.conf"], check=False)


def _persistent(box: Box) -> None:
    if _is_enabled(box, "netfilter-persistent"):
        for tool, name in (("iptables-restore", "rules.v4"), ("ip6tables-restore", "rules.v6")):
            if box.exists(f"/etc/iptables/{name}"):
                box.run([tool, f"/etc/iptables/{name}"], check=False)


def _interfaces(box: Box) -> None:
    if not box.exists("/etc/network/interfaces"):
        return
    for line in box.read("/etc/network/interfaces").splitlines():
        if found := re.match(r"\s+(?:up|post-up)\s+(.+)", line):
            box.run(["sh", "-c", found[1]], check=False)


def _firewalld(box: Box) -> None:
    """Rules of firewalld's direct interface: it is started before the engine."""
    path = "/etc/firewalld/direct.xml"
    if not box.exists(path):
        return
    for rule in ET.fromstring(box.read(path)).iter("rule"):
        tool = "iptables" if rule.get("ipv") == "ipv4" else "ip6tables"
        chain = ["-t", rule.get("table", "filter"), "-A", rule.get("chain", "FORWARD")]
        box.run([tool, *chain, *shlex.split(rule.text or "")], check=False)


def _networkd(box: Box) -> None:
    """The first .network file that matches an interface decides: it gets its addresses and loses others, or is left alone."""
    texts = [box.read(path) for path in _files(box, "/etc/systemd/network", ".network")]
    for device in ("docker0", "br-app"):
        for text in texts:
            name = re.search(r"^Name=(.+)$", text, re.MULTILINE)
            if name and any(fnmatchcase(device, pattern) for pattern in name[1].split()):
                address = re.search(r"^Address=(.+)$", text, re.MULTILINE)
                if address and "Unmanaged=yes" not in text:
                    box.run(["ip", "addr", "flush", "dev", device], check=False)
                    box.run(["ip", "addr", "add", address[1], "dev", device], check=False)
                break


def _network_manager(box: Box) -> None:
    """A connection of NetworkManager takes the interface that it names, unless the configuration excludes that."""
    excluded = "".join(box.read(path) for path in _files(box, "/etc/NetworkManager/conf.d", ".conf"))
    for path in _files(box, "/etc/NetworkManager/system-connections", ".nmconnection"):
        name = re.search(r"^interface-name=(.+)$", box.read(path), re.MULTILINE)
        if name and "method=disabled" in box.read(path) and f"interface-name:{name[1]}\n" not in excluded:
            box.run(["ip", "addr", "flush", "dev", name[1]], check=False)


def _files(box: Box, directory: str, suffix: str) -> list[str]:
    if not box.exists(directory):
        return []
    return [
        f"{directory}/{one.name}" for one in sorted(Path(box.path(directory)).iterdir()) if one.name.endswith(suffix)
    ]
