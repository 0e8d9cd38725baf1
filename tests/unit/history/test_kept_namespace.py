"""The host's network state of the last healthy scan: written when it changes, never with a next hop that did not answer."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.backup.kept_namespace import HealthyNetwork, KeptNamespace, kept_of
from doctor.facts.path.namespace import NetAddress, NetLink, NetNamespace, NetRoute, RoutingRule
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.paths import PathCut, Paths
from doctor.formats.netlink.routes import Neighbour, Qdisc
from doctor.history import kept_namespace
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.scan.resolve import Facts
from doctor.state.metadata import decode, encode

GATEWAY = Neighbour(link=2, version=4, address="192.0.2.1", mac="02:00:00:00:00:01", state=4)
HOST = NetNamespace(
    links=(
        NetLink(index=1, name="lo", flags=0x49),
        NetLink(index=2, name="eth0"),
        NetLink(index=3, name="docker0", kind="bridge", has_carrier=False),
        NetLink(index=9, name="veth0123456", kind="veth", master=3),
    ),
    addresses=(
        NetAddress(link=2, version=4, address="192.0.2.9", prefix=24, flags=0x80),
        NetAddress(link=2, version=6, address="2001:db8::1234", prefix=64, flags=1, is_leased=True),
        NetAddress(link=2, version=6, address="fe80::9", prefix=64, scope="link"),
        NetAddress(link=3, version=4, address="172.17.0.1", prefix=16),
    ),
    routes=(
        NetRoute(version=4, destination="0.0.0.0/0", gateway="192.0.2.1", link=2, protocol=16),
        NetRoute(version=4, destination="172.17.0.0/16", link=3, protocol=2, flags=17),
        NetRoute(version=4, destination="192.0.2.9/32", kind="local", table=255, link=2, protocol=2),
        NetRoute(version=6, destination="::/0", gateway="fe80::1", link=2, protocol=9),
    ),
    rules=(RoutingRule(version=4, priority=32766, table=254),),
    neighbours=(
        GATEWAY,
        Neighbour(link=2, version=4, address="192.0.2.7", mac="02:00:00:00:00:07", state=0x80),
        Neighbour(link=3, version=4, address="172.17.0.2", mac="02:42:ac:11:00:02", state=2),
    ),
    qdiscs=(
        Qdisc(link=2, kind="fq_codel", handle=7, drops=3),
        Qdisc(link=2, kind="fq_codel", parent=1),
        Qdisc(link=9, kind="noqueue"),
    ),
)


def take(
    top: Path, namespace: NetNamespace, *, is_proven: bool = False, cuts: tuple[PathCut, ...] = (), **values: str
) -> KeptNamespace | None:
    settings = {"net.ipv4.ip_forward": "1"} | values
    (top / "host").mkdir(exist_ok=True)
    answers = RecordedAnswers(live=True, networks={0: replace(namespace, sysctls=settings)}, now=1_790_000_000.0)
    host = RootHost(str(top / "host"), answers)
    known: dict[type, Any] = {
        NetNamespaces: NetNamespaces(host=namespace),
        Paths: Paths(cuts=cuts),
    }
    assert kept_namespace.take(host, known.__getitem__, is_proven=is_proven, directory=str(top)) == ()
    path = top / "metadata/namespace.json"
    return decode(path.read_bytes(), KeptNamespace) if path.exists() else None


def test_what_changes_by_itself_is_not_kept(tmp_path: Path) -> None:
    kept = take(tmp_path, HOST)
    assert kept is not None
    own = kept.namespace
    assert [link.name for link in own.links] == ["lo", "eth0", "docker0"]
    assert [one.text for one in own.addresses] == ["192.0.2.9/24", "172.17.0.1/16"]
    assert [route.destination for route in own.routes] == ["0.0.0.0/0", "172.17.0.0/16"]
    assert [(one.address, one.state) for one in own.neighbours] == [("192.0.2.1", 2), ("192.0.2.7", 0x80)]
    assert own.qdiscs == (Qdisc(link=2, kind="fq_codel"),)
    assert own.sysctls["net.ipv4.ip_forward"] == "1"
    assert (tmp_path / "metadata/namespace.json").stat().st_mode & 0o077 == 0


def test_it_is_written_only_where_something_changed(tmp_path: Path) -> None:
    take(tmp_path, HOST)
    path = tmp_path / "metadata/namespace.json"
    inode = path.stat().st_ino
    learned = replace(HOST, neighbours=(replace(GATEWAY, state=2),), qdiscs=(Qdisc(link=2, kind="fq_codel", drops=9),))
    take(tmp_path, replace(learned, neighbours=(*learned.neighbours, HOST.neighbours[1])))
    assert path.stat().st_ino == inode
    kept = take(tmp_path, HOST, **{"net.ipv4.conf.eth0.rp_filter": "1"})
    assert kept is not None
    assert kept.namespace.sysctls["net.ipv4.conf.eth0.rp_filter"] == "1"
    assert path.stat().st_ino != inode


@pytest.mark.parametrize("state", [0x20, 0x01, 0x80])
def test_a_next_hop_that_did_not_answer_is_never_kept(tmp_path: Path, state: int) -> None:
    """FAILED, INCOMPLETE, and an entry that somebody set: nobody knows whether it is right."""
    wrong = replace(HOST, neighbours=(replace(GATEWAY, state=state, mac="02:00:00:00:00:99"),))
    assert take(tmp_path, wrong) is None
    assert take(tmp_path, replace(HOST, neighbours=())) is None
    first = take(tmp_path, HOST)
    assert take(tmp_path, wrong, **{"net.ipv4.ip_forward": "0"}) == first
    assert take(tmp_path, wrong, is_proven=True) != first


def test_a_state_in_which_packets_end_is_never_kept(tmp_path: Path) -> None:
    assert take(tmp_path, HOST, is_proven=True, cuts=(PathCut(cause="rule", end="dropped", place="host"),)) is None


def test_an_entry_that_was_proven_once_is_known(tmp_path: Path) -> None:
    fixed = replace(HOST, neighbours=(replace(GATEWAY, state=0x80),))
    first = take(tmp_path, fixed, is_proven=True)
    second = take(tmp_path, fixed, **{"net.ipv4.ip_forward": "2"})
    assert first is not None
    assert second is not None
    assert second.namespace.neighbours == first.namespace.neighbours
    assert second.namespace.sysctls["net.ipv4.ip_forward"] == "2"


def test_a_table_of_a_router_is_kept_in_part() -> None:
    many = tuple(
        NetRoute(version=4, destination=f"10.{n // 256}.{n % 256}.0/24", link=2, protocol=186) for n in range(900)
    )
    kept = kept_of(replace(HOST, routes=(*many, *HOST.routes)))
    assert [route.destination for route in kept.routes] == ["0.0.0.0/0", "172.17.0.0/16"]


def test_a_record_is_read_with_its_checksum(tmp_path: Path) -> None:
    kept = take(tmp_path, HOST)
    assert kept is not None
    good = encode(kept)
    for content, is_read in ((good, True), (good[:-9], False), (b"", False), (b"\0" * 99, False)):
        place = tmp_path / "host/var/lib/doctor/metadata"
        place.mkdir(parents=True, exist_ok=True)
        (place / "namespace.json").write_bytes(content)
        found = Facts(RootHost(str(tmp_path / "host"), RecordedAnswers(live=True))).get(HealthyNetwork)
        assert isinstance(found, HealthyNetwork) is is_read
