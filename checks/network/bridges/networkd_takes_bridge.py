"""systemd-networkd configures interfaces that belong to the engine."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.links import Links
from doctor.facts.network.networkd_files import ANY_VETH, NetworkdFiles, has_engine_name
from doctor.facts.network.networks import Networks
from doctor.facts.network.takers import BridgeTaker


@check(severity=Severity.INFO, detail=BridgeTaker, ok="systemd-networkd leaves the engine's interfaces alone")
def networkd_takes_bridge(
    files: NetworkdFiles, networks: Networks, links: Links, all_files: HostNetworkFiles | Missing
) -> Iterator[Finding]:
    """A file of systemd-networkd is for interfaces of the engine too: when it restarts, containers lose the network.

    What it looks at:
        If systemd-networkd runs or is enabled: the first .network file whose [Match] is for a bridge of the engine, or for the
        veths of containers, by name, type, kind and driver. Files with Unmanaged=yes are left out, for bridges
        also those with KeepConfiguration=yes. If an earlier file has conditions that doctor can't judge, nothing is reported. A
        file that names exactly one bridge, with a name that the engine did not choose, is left out: somebody means it.

    Why it matters:
        systemd-networkd removes addresses that it did not set (from docker0, for example) and detaches interfaces from
        bridges. It does so when it starts, which an upgrade of systemd causes too: all running containers then
        lose the network. "Type=ether" is for the veths of containers as well.

    How it is fixed:
        A file 00-doctor-engine.network makes systemd-networkd leave docker0, br-* and veth* alone from its next start on. Undo
        removes it. If a bridge has already lost its address, network/docker0-no-address is reported instead.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd.network.html
        https://www.freedesktop.org/software/systemd/man/latest/systemd-networkd.service.html
    """
    bridges = [link.name for network in networks.bridges if (link := links.link(network.bridge)) is not None]
    if not bridges or _is_found_elsewhere(networks, links, all_files):
        return
    named = tuple(name for name in bridges if not has_engine_name(name))
    found = [(name, files.taker(name, "bridge", named)) for name in bridges]
    found.append((ANY_VETH, files.taker(ANY_VETH, "veth", named)))
    takers: dict[str, list[tuple[str, BridgeTaker]]] = {}
    for name, taker in found:
        if taker is not None:
            takers.setdefault(taker.path, []).append((name, taker))
    for taken in takers.values():
        yield _finding(taken)


def _is_found_elsewhere(networks: Networks, links: Links, files: HostNetworkFiles | Missing) -> bool:
    """Whether a bridge has lost its address by such a file: the repair of that writes the same file."""
    if isinstance(files, Missing):
        return False
    return any(
        (link := links.link(network.bridge)) is not None
        and bool(network.gateway)
        and network.addresses_bridge
        and not link.has(network.gateway)
        and files.takes(link.name) is not None
        for network in networks.bridges
    )


def _finding(taken: list[tuple[str, BridgeTaker]]) -> Finding:
    taker = taken[0][1]
    names = ", ".join("the veths of containers" if name == ANY_VETH else name for name, _ in taken[:4])
    return Finding(
        subject=Subject("file", taker.path),
        message=(
            f"{taker.path} makes systemd-networkd configure {names}{' and others' if len(taken) > 4 else ''}: "
            "containers lose the network when it restarts"
        ),
        evidence=(Evidence(taker.place, f"[Match] is for {names}, without Unmanaged=yes"),),
        detail=taker,
    )
