"""An interface is down or without its address, although the host's configuration gives it one and a default route."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.host_files import ExpectedLink, HostNetworkFiles
from doctor.facts.network.links import Link, Links
from doctor.facts.network.route_hints import has_default


@check(
    severity=Severity.ERROR,
    detail=ExpectedLink,
    breaks=("egress", "port"),
    ends=("link-down", "address-missing"),
    ends_anywhere=("no-default-route",),
    ok="no interface that the configuration gives a default route is down or without an address",
)
def uplink_not_as_configured(
    links: Links, files: HostNetworkFiles, record: HealthyNetwork | Missing
) -> Iterator[Finding]:
    """The host's uplink is down or without an address, although the host's configuration says how it should be.

    What it looks at:
        If no family has a default route: the files of netplan, systemd-networkd, NetworkManager, ifupdown, ifcfg and cloud-init
        that name an existing interface with an address and a gateway, or with DHCP. Nothing is reported about files that
        contradict each other, about interfaces that a program starts only on request, and if the last healthy scan saw a default
        route: its record then says how the uplink was.

    Why it matters:
        Containers' packets use the host's routes and its address. Without them, nothing outside is reached.

    How it is fixed:
        The interface is set up, and gets the address and the routes of its file, at once and without a restart of a container. It
        connects the host to a network, so it needs ``--allow disruptive``. With DHCP, the command of the interface's program is
        shown.

    References:
        https://netplan.readthedocs.io/en/stable/netplan-yaml/
        https://www.freedesktop.org/software/systemd/man/latest/systemd.network.html
    """
    if any(has_default(links, version) for version in (4, 6)) or _knows_default(record):
        return
    for link in links.links:
        expected = None if _is_inner(link) else files.expected(link.name)
        fault = "" if expected is None or expected.link.is_down else _fault(link, expected)
        if expected is None or not fault:
            continue
        sets = ", ".join(one.address for one in expected.addresses[:2]) or "DHCP"
        default = expected.default() or expected.default(6)
        via = f" and the gateway {default.gateway}" if default is not None else ""
        yield Finding(
            subject=Subject("interface", link.name),
            message=(
                f"{link.name} {fault}, although {expected.link.program} gives it {sets}{via} ({expected.link.place}): "
                "containers reach nothing outside"
            ),
            evidence=(
                Evidence("ip addr", f"{link.name} {fault}"),
                *(Evidence(one.place, one.address) for one in expected.addresses[:4]),
                *(Evidence(one.place, one.text) for one in expected.routes[:4]),
                Evidence("applies it", expected.command),
            ),
            detail=expected,
        )


def _is_inner(link: Link) -> bool:
    return "LOOPBACK" in link.flags or link.is_engine_bridge or bool(link.master)


def _fault(link: Link, expected: ExpectedLink) -> str:
    """Return in words how an interface differs, "" if it may be right: a default route alone is another check's."""
    has_way = expected.default() or expected.default(6)
    is_named = expected.link.device == link.name
    if not (expected.addresses and has_way) and not (expected.is_dynamic and is_named):
        return ""
    if not link.is_up:
        return "is down"
    if expected.addresses and not any(link.has(one.address) for one in expected.addresses):
        return "has no address" if not link.ipv4 else "has another address"
    if not expected.addresses and not link.ipv4:
        return "has no address"
    return ""


def _knows_default(record: HealthyNetwork | Missing) -> bool:
    if isinstance(record, Missing):
        return False
    return any(route.destination in {"0.0.0.0/0", "::/0"} for route in record.namespace.routes)
