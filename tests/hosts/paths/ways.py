"""Which packets are sent: each way of a container's traffic, in both versions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.hosts.paths.layout import (
    BY_NAME,
    CONTAINERS,
    HOST,
    HOST_ADDRESS,
    HOST_PORT,
    LOOPBACK,
    NAMES,
    OUTSIDE,
    TARGET,
    WEB,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One packet to send.

    Attributes:
        kind: the way, by the model's word.
        sender: the namespace; `answers` the one whose answer counts.
        port: 0 for ICMP.
        data: bytes that TCP sends each way once it is open, 0 for a short answer alone.
    """

    kind: str
    sender: str
    answers: str
    protocol: str
    version: int
    address: str
    port: int
    data: int = 0

    def __str__(self) -> str:
        target = f"{self.address} port {self.port}" if self.port else self.address
        size = f", {self.data} bytes" if self.data else ""
        return f"{self.kind} {self.sender} -> {self.answers} {self.protocol}{self.version} {target}{size}"


LARGE = 4000
"""Bytes of data: several packets, each as large as its sender makes them."""
_LARGE_KINDS = frozenset({"egress", "published"})


def with_data(probe: Probe) -> Probe | None:
    """The same way with much data, if it passes a router of the host."""
    return replace(probe, data=LARGE) if probe.protocol == "tcp" and probe.kind in _LARGE_KINDS else None


def probes() -> tuple[Probe, ...]:
    """All probes of a round."""
    return tuple(probe for version in (4, 6) for probe in _of_version(version))


def _of_version(version: int) -> Iterator[Probe]:
    aa, bb, cc = BY_NAME["aa"], BY_NAME["bb"], BY_NAME["cc"]

    def way(kind: str, sender: str, answers: str, address: str, **ports: int) -> Iterator[Probe]:
        for protocol, port in ports.items():
            yield Probe(
                kind=kind,
                sender=sender,
                answers=answers,
                protocol=protocol,
                version=version,
                address=address,
                port=port,
            )

    outer, own = TARGET[version], HOST_ADDRESS[version]
    yield from way("egress", "aa", OUTSIDE, outer, tcp=WEB, udp=NAMES, icmp=0)
    yield from way("egress", "cc", OUTSIDE, outer, tcp=WEB, udp=NAMES)
    yield from way("gateway", "aa", HOST, aa.bridge.gateway[version], tcp=HOST_PORT, icmp=0)
    yield from way("gateway", "cc", HOST, cc.bridge.gateway[version], icmp=0)
    yield from way("peer", "aa", "bb", bb.address[version], tcp=WEB, udp=NAMES, icmp=0)
    yield from way("peer", "cc", "dd", BY_NAME["dd"].address[version], tcp=WEB)
    yield from way("other-network", "aa", "cc", cc.address[version], tcp=WEB)
    yield from way("container-to-host", "aa", HOST, own, tcp=HOST_PORT, udp=HOST_PORT)
    yield from way("hairpin", "aa", "aa", own, tcp=8080)
    yield from way("hairpin", "bb", "aa", own, tcp=8080)
    for one in CONTAINERS:
        for protocol, port, _ in one.published:
            yield from way("published", OUTSIDE, one.name, own, **{protocol: port})
            if protocol == "tcp":
                yield from way("host-published", HOST, one.name, own, tcp=port)
                yield from way("loopback", HOST, one.name, LOOPBACK[version], tcp=port)
    yield from way("host-to-container", HOST, "aa", aa.address[version], tcp=WEB, udp=NAMES, icmp=0)
    yield from way("host-to-container", HOST, "dd", BY_NAME["dd"].address[version], tcp=WEB)
