"""The host's uplink has lost its address."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.kernel.sysctl import Sysctl, interface_key
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.links import LEAST_MTU6
from doctor.facts.path.namespace import NetAddress, NetLink
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import UplinkLost
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.uplinks import bare_uplinks, lost_uplinks, routes_over


@check(
    severity=Severity.ERROR,
    detail=UplinkLost,
    breaks=("egress", "port"),
    ends=("address-missing", "ipv6-off"),
    ends_anywhere=("no-default-route",),
    ok="no interface that led to the outside at the last healthy scan lost its address",
)
def uplink_address_missing(
    namespaces: NetNamespaces,
    record: HealthyNetwork | Missing,
    files: HostNetworkFiles | Missing,
    sysctl: Sysctl | Missing,
) -> Iterator[Finding]:
    """The interface that led to the outside has no IPv4 or IPv6 address any more, so containers reach nothing outside by it.

    What it looks at:
        The interfaces of the default routes that the last healthy scan saw, if no other default route replaces them, and the
        interface is up without any address of that family; disable_ipv6, and the MTU: below 1280 the kernel disables IPv6.

    Why it matters:
        The kernel removes the routes of an address with it, for IPv6 all but the default route. Containers' packets can't be translated to an address that is not
        there.

    How it is fixed:
        A fixed address is added as it was, with its routes, after enabling IPv6 or setting the former MTU if need be. That connects the host to its network, so it needs
        ``--allow disruptive``. An address of a lease may belong to another host now: the command that renews it is shown.

    References:
        https://man7.org/linux/man-pages/man8/ip-address.8.html
    """
    state = KeptState(namespaces.host, record)
    lost = state.lost_addresses()
    links = dict.fromkeys((*lost_uplinks(state), *bare_uplinks(state)))
    for link in links:
        mine = [one for one, name in lost if name == link.name and one.scope == "global"]
        mine = [one for one in mine if not _has_any(namespaces, link, one.version)]
        if mine and link.is_up:
            yield _finding(state, link, mine, files, sysctl)


def _finding(
    state: KeptState,
    link: NetLink,
    mine: list[NetAddress],
    files: HostNetworkFiles | Missing,
    sysctl: Sysctl | Missing,
) -> Finding:
    fixed = tuple(one for one in mine if not one.is_leased)
    expected = None if isinstance(files, Missing) else files.expected(link.name, link.mac)
    has_six = any(one.version == 6 for one in mine)
    key = interface_key(link.name, "disable_ipv6", family="ipv6")
    setting = key if has_six and not isinstance(sysctl, Missing) and sysctl.number(key) == 1 else ""
    before = state.link(link.name)
    mtu = before.mtu if has_six and before is not None and link.mtu < LEAST_MTU6 <= before.mtu else 0
    why = (
        f", since {setting} is 1"
        if setting
        else f", since its MTU is {link.mtu}: IPv6 needs {LEAST_MTU6}"
        if mtu
        else ""
    )
    return Finding(
        subject=Subject("interface", link.name),
        message=(
            f"the uplink {link.name} lost its address {mine[0].text}{why}: packets of containers to the outside end there"
        ),
        evidence=(
            Evidence("ip addr", f"{link.name}: no address"),
            *((Evidence("sysctl", f"{setting} = 1"),) if setting else ()),
            *(Evidence(state.place, _words(one)) for one in mine[:4]),
            *((Evidence(state.place, f"MTU {mtu}"),) if mtu else ()),
        ),
        detail=UplinkLost(
            device=link.name,
            setting=setting,
            mtu=mtu,
            mtu_now=link.mtu,
            addresses=fixed,
            is_leased=not fixed,
            command="" if expected is None else expected.command,
            routes=routes_over(state, link.name) if fixed else (),
        ),
    )


def _has_any(namespaces: NetNamespaces, link: NetLink, version: int) -> bool:
    return any(one.scope != "link" for one in namespaces.host.addresses_of(link.index, version))


def _words(one: NetAddress) -> str:
    return f"{one.text}{' (leased)' if one.is_leased else ''}"
