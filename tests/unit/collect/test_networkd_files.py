"""Which interfaces of the engine systemd-networkd takes, as systemd 257 did beside a running dockerd."""

from pathlib import Path

import pytest

from doctor.collect.network.networkd_files import networkd_files
from doctor.facts.network.networkd_files import ANY_VETH
from doctor.host.recorded import RootHost
from doctor.model.missing import HostError, Missing, Why

NOT_READ = Missing(Why.ABSENT, "not asked")
UNIT = "etc/systemd/system/multi-user.target.wants/systemd-networkd.service"


def taken(root: Path, **files: str) -> tuple[str, ...]:
    """The interfaces that the first matching of these files takes."""
    directory = root / "etc/systemd/network"
    directory.mkdir(parents=True)
    for name, text in files.items():
        (directory / f"{name}.network").write_text(text)
    (root / UNIT).parent.mkdir(parents=True)
    (root / UNIT).symlink_to("/usr/lib/systemd/system/systemd-networkd.service")
    found = networkd_files(RootHost(str(root)), NOT_READ)
    links = {"docker0": "bridge", "br-0a1b2c3d4e5f": "bridge", "lan": "bridge", ANY_VETH: "veth"}
    return tuple(name for name, kind in links.items() if found.taker(name, kind) is not None)


ALL = ("docker0", "br-0a1b2c3d4e5f", "lan", ANY_VETH)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("[Match]\nName=*\n", ALL),
        ("[Match]\nName=*\n[Network]\nKeepConfiguration=yes\n", (ANY_VETH,)),
        ("[Match]\nType=ether\n", (ANY_VETH,)),
        ("[Match]\nType=ether\nKind=!*\n", ()),
        ("[Match]\nType=bridge\n", ALL[:3]),
        ("[Match]\nName=docker0\n", ("docker0",)),
        ("[Match]\nKind=veth\n", (ANY_VETH,)),
        ("[Match]\nName=!eth0 lo\n", ALL),
        ("[Match]\nName=lan\n", ()),
        ("[Match]\nName=*\n[Link]\nUnmanaged=yes\n", ()),
        ("[Match]\nName=*\nPath=pci-*\n", ()),
        ("[Match]\nName=*\nHost=x\n", ()),
        ("[Match]\nName=eth0\nName=\nName=docker0\n", ("docker0",)),
        ("[Network]\nDHCP=yes\n", ()),
        ("", ()),
    ],
)
def test_networkd_takes_what_a_file_matches(match: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    assert taken(tmp_path, x=match) == expected


def test_the_first_file_that_matches_counts(tmp_path: Path) -> None:
    first = "[Match]\nName=docker* br-*\n[Link]\nUnmanaged=yes\n"
    assert taken(tmp_path, a=first, b="[Match]\nName=*\n") == ("lan", ANY_VETH)


def test_without_networkd_its_files_do_not_count(tmp_path: Path) -> None:
    with pytest.raises(HostError) as raised:
        networkd_files(RootHost(str(tmp_path)), NOT_READ)
    assert raised.value.is_absent
