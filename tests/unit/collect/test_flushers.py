"""Which file flushes the engine's rules again."""

from pathlib import Path

import pytest

from doctor.collect.firewall.files import firewall_files
from doctor.facts.firewall.flushers import flushers
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.formats.network import ip_command
from doctor.host.recorded import RootHost

RULES = "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n# mine\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"
WANTS = "etc/systemd/system/multi-user.target.wants/{}.service"
NFT = {"etc/nftables.conf": "#!/usr/sbin/nft -f\n\nflush ruleset\n", WANTS.format("nftables"): ""}
SAVED = {"etc/iptables/rules.v4": RULES, WANTS.format("netfilter-persistent"): ""}
UFW = {"etc/ufw/ufw.conf": "ENABLED=yes\n", "etc/default/ufw": "IPV6=yes\nMANAGE_BUILTINS=yes\n"}


def found(
    top: Path, files: dict[str, str], scope: str, *, command: str = "", version: int = 4, is_legacy: bool = False
) -> list[str]:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    host = HostNetworkFiles(commands=tuple(ip_command.commands(command, path="/etc/rc.local", number=3)))
    every = flushers(firewall_files(RootHost(str(top))), host, version, scope, is_legacy=is_legacy)
    return [one.source for one in every]


@pytest.mark.parametrize(
    ("place", "files", "scope"),
    [
        ("/etc/nftables.conf:3", NFT, "all"),
        ("/etc/nftables.conf:3", NFT, "filter FORWARD"),
        ("/etc/iptables/rules.v4:1", SAVED, "nat"),
        ("/etc/iptables/rules.v4:5", SAVED, "filter DOCKER"),
        ("/etc/default/ufw:2", UFW, "filter"),
        ("", UFW, "nat"),
        ("", UFW | {"etc/ufw/ufw.conf": "ENABLED=no\n"}, "filter"),
        ("", {name: text for name, text in NFT.items() if "wants" not in name}, "all"),
        ("", SAVED | {"etc/default/netfilter-persistent": "A=1\nIPTABLES_RESTORE_NOFLUSH=yes\n"}, "nat"),
        ("", SAVED, "mangle"),
        ("", SAVED | {"etc/iptables/rules.v4": RULES + "*raw\n:DOCKER - [0:0]\n"}, "raw"),
    ],
)
def test_the_file_that_flushes_is_named(tmp_path: Path, place: str, files: dict[str, str], scope: str) -> None:
    assert found(tmp_path, files, scope) == [place] * bool(place)


@pytest.mark.parametrize(
    ("names", "command", "scope"),
    [
        (True, "iptables -F", "filter"),
        (True, "iptables -w -t nat --flush", "nat"),
        (True, "iptables -F FORWARD", "filter FORWARD"),
        (True, "nft flush ruleset", "all"),
        (False, "iptables -F site", "filter FORWARD"),
        (False, "iptables -F site", "filter"),
        (False, "iptables -F", "nat"),
        (False, "ip6tables -F", "filter"),
        (False, "iptables -A FORWARD -j DROP", "filter"),
        (False, "nft flush table inet own", "all"),
    ],
)
def test_the_command_of_a_script_that_flushes_is_named(tmp_path: Path, names: bool, command: str, scope: str) -> None:
    assert found(tmp_path, {}, scope, command=command) == ["/etc/rc.local:3"] * names


def test_nft_and_the_other_family_do_not_flush_rules_of_the_legacy_backend(tmp_path: Path) -> None:
    assert found(tmp_path / "a", SAVED, "nat", version=6) == []
    assert found(tmp_path / "b", NFT, "all", command="nft flush ruleset", is_legacy=True) == []
