"""A bridge of the engine receives its own packets."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.kernel.log import KernelLog, grouped, times
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks


@check(
    severity=Severity.WARNING,
    breaks=("egress",),
    ok="no bridge receives its own packets",
    messages=(
        Message(
            pattern=r"received packet on \S+\s+with own address as source address",
            example="docker0: received packet on vethd1 with own address as source address (addr:02:42:ac:11:00:02, vlan:0)",
            means="two interfaces have the same MAC address, or bridges form a loop",
            do="find the address of the line with 'ip -d link' on this host and in its containers; remove '--mac-address' or the second bridge port",
        ),
    ),
)
def own_address_received(log: KernelLog, links: Links, networks: Networks) -> Iterator[Finding]:
    """A bridge received packets from its own address in the last day: two interfaces share a MAC address, or there is a loop.

    What it looks at:
        "with own address as source address" of the last 24 hours in the kernel's log, for bridges of
        the engine's networks and their ports that exist on this host now.

    Why it matters:
        The bridge learns the wrong port, and packets to a container get lost now and then. A loop multiplies each broadcast until the
        network is full.

    How it is fixed:
        Manually: remove the second interface with that address (a cloned virtual machine, ``--mac-address`` used twice), or one port of the
        loop (a container with two networks that forwards, a bridge over the uplink).

    References:
        https://docs.kernel.org/networking/bridge.html
    """
    # Each host on a kernel has a docker0: the port shows whose it is.
    ports = {link.name: link.master for link in links.links if link.master}
    bridges = {network.bridge for network in networks.bridges}
    events_here = (
        event
        for event in log.recent("own-address")
        if event.subject in bridges and ports.get(event.name) == event.subject
    )
    for name, events in grouped(events_here, lambda event: event.subject).items():
        yield Finding(
            subject=Subject("interface", name),
            message=(
                f"bridge {name} receives packets from its own address on {events[-1].name} ({times(events)}): "
                "packets of containers get lost"
            ),
            evidence=tuple(Evidence(f"kernel log, {event.ago}", event.text) for event in events[-3:]),
        )
