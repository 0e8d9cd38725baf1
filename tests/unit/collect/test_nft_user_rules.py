"""DOCKER-USER in files for nft: found through includes, and hostile files end soon and quietly."""

import os
import time
from pathlib import Path

import pytest

from doctor.facts.firewall.files import FirewallFiles, SavedRules
from doctor.host.recorded import RootHost
from doctor.scan.resolve import Facts

RULE = "add rule ip filter DOCKER-USER ip saddr 203.0.113.0/24 drop\n"
TEXT = "-A DOCKER-USER -s 203.0.113.0/24 -j DROP"
ENABLED = "etc/systemd/system/sysinit.target.wants/nftables.service"


def saved(top: Path) -> tuple[SavedRules, ...]:
    """Return the rules that a scan reads."""
    found = Facts(RootHost(str(top))).get(FirewallFiles)
    assert isinstance(found, FirewallFiles)
    return found.saved


def write(top: Path, files: dict[str, str]) -> None:
    """Write files beneath the root of a host."""
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)


@pytest.mark.parametrize(
    ("files", "path", "is_loaded"),
    [
        ({"etc/nftables.conf": RULE}, "/etc/nftables.conf", False),
        ({"etc/nftables.conf": RULE, ENABLED: ""}, "/etc/nftables.conf", True),
        ({"etc/sysconfig/nftables.conf": 'include "/etc/nftables/main.nft"\n', "etc/nftables/main.nft": RULE, ENABLED: ""}, "/etc/nftables/main.nft", True),
        ({"etc/nftables.conf": 'include "nftables.d/*.nft"\n', "etc/nftables.d/a.nft": RULE, ENABLED: ""}, "/etc/nftables.d/a.nft", True),
        ({"etc/nftables.conf": "", "etc/nftables.d/a.nft": RULE, ENABLED: ""}, "/etc/nftables.d/a.nft", False),
        ({"etc/nftables.conf": 'table ip filter {\n chain DOCKER-USER {\n  include "/srv/x"\n }\n}\n', "srv/x": RULE.partition("USER ")[2], ENABLED: ""}, "/srv/x", True),
    ],
)  # fmt: skip
def test_where_it_is_found(tmp_path: Path, files: dict[str, str], path: str, *, is_loaded: bool) -> None:
    """In the service's file, in what it includes, and beside it."""
    write(tmp_path, files)
    found = saved(tmp_path)
    assert [(one.path, one.is_loaded, one.version, one.user_chains) for one in found] == [
        (path, is_loaded, 4, {"DOCKER-USER": (TEXT,)})
    ]


def test_a_chain_it_leads_to_comes_with_it(tmp_path: Path) -> None:
    """And one that iptables has no words for leaves only nft's words of all."""
    table = (
        "table ip6 filter {{\n chain office {{\n  {}\n }}\n chain DOCKER-USER {{\n  jump office\n  return\n }}\n}}\n"
    )
    write(tmp_path, {"etc/nftables.conf": table.format("ip6 saddr fd00::/8 drop")})
    (one,) = saved(tmp_path)
    assert one.version == 6
    assert one.user_chains == {
        "DOCKER-USER": ("-A DOCKER-USER -j office", "-A DOCKER-USER -j RETURN"),
        "office": ("-A office -s fd00::/8 -j DROP",),
    }
    write(tmp_path, {"etc/nftables.conf": table.format("ip6 saddr @banned drop")})
    (one,) = saved(tmp_path)
    assert (one.user_chains, one.user_words) == ({}, ("jump office", "return"))


def _hostile(top: Path, name: str) -> None:
    conf, folder = top / "etc/nftables.conf", top / "etc/nftables.d"
    folder.mkdir(parents=True)
    loop = 'include "/etc/nftables.conf"\ninclude "/etc/nftables.conf"\n'
    if name == "loop":
        conf.write_text(f"{loop}{RULE}")
    elif name == "fifo":
        conf.write_text(f'{RULE}include "/etc/nftables.d/pipe"\n')
        os.mkfifo(folder / "pipe")
        os.mkfifo(folder / "other.nft")
    elif name == "fifo itself":
        os.mkfifo(conf)
    elif name == "huge":
        conf.write_text(f'{RULE}include "/etc/nftables.d/*"\n')
        (folder / "big").write_text("1.2.3.4,\n" * 600_000)
    elif name == "device":
        conf.write_text(f'{RULE}include "/dev/zero"\n')
        (top / "dev").mkdir()
        (top / "dev/zero").symlink_to("/dev/zero")
    elif name == "many":
        conf.write_text(f'{RULE}include "/etc/nftables.d/*"\n')
        for number in range(400):
            (folder / f"{number}.nft").write_text("# DOCKER-USER\n")
    elif name == "directory":
        conf.write_text(f'{RULE}include "/etc/nftables.d"\n')
    elif name == "link loop":
        conf.symlink_to("nftables.conf")
    else:
        conf.write_bytes(b'\0\xff"' * 100_000 + RULE.encode() + b"{" * 50_000)


@pytest.mark.parametrize(
    "name", ["loop", "fifo", "fifo itself", "huge", "device", "many", "directory", "link loop", "bytes"]
)
def test_a_hostile_file_is_no_rule_and_costs_little(tmp_path: Path, name: str) -> None:
    """Nft itself would load none of them."""
    _hostile(tmp_path, name)
    begin = time.process_time()
    assert saved(tmp_path) == ()
    assert time.process_time() - begin < 2
