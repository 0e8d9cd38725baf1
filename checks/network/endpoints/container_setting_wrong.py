"""A kernel setting in a running container's network namespace cuts it off."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.kernel.sysctl import neighbour_key
from doctor.facts.path.ends.details import InterfaceBase, SettingWrong
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints

_TTL = "net.ipv4.ip_default_ttl"


@check(
    severity=Severity.ERROR,
    detail=SettingWrong,
    breaks=("egress", "port"),
    ends=("ttl", "neighbour", "ipv6-off"),
    ok="no kernel setting in a running container's network namespace cuts it off",
)
def container_setting_wrong(endpoints: PathEndpoints) -> Iterator[Finding]:
    """The packets of a container live for one hop, it answers or asks for no address, or IPv6 is off although its network has it.

    What it looks at:
        ip_default_ttl, hop_limit, arp_ignore, mcast_solicit and disable_ipv6 in the network namespace of each running container. Settings that the container was
        created with (``--sysctl``) are left out, as are containers whose programs may change the network (NET_ADMIN).

    Why it matters:
        Packets with a time to live of 1 end at the first router, which is the host. With arp_ignore 8 nobody finds the container.
        No rule or route shows it, and the engine never looks at these settings again.

    How it is fixed:
        The setting gets the kernel's default, or for IPv6 the value that the engine sets, with the address. The container does
        not restart, and its connections stay open.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    seen: set[tuple[int, str]] = set()
    for one in endpoints.made:
        for detail, effect in _wrong(endpoints, one):
            if (one.namespace.inode, detail.key) not in seen:
                seen.add((one.namespace.inode, detail.key))
                yield Finding(
                    subject=Subject("container", one.name),
                    message=f"{detail.key} is {detail.now} in container {one.name}: {effect}",
                    evidence=(Evidence(f"sysctl in {one.name}", f"{detail.key} = {detail.now}"),),
                    detail=detail,
                )


def _wrong(endpoints: PathEndpoints, one: PathEndpoint) -> Iterator[tuple[SettingWrong, str]]:
    device = one.inner.name if one.inner is not None else ""
    values = {key: value for key, value in one.namespace.sysctls.items() if key not in one.chosen}
    if values.get(_TTL) in {"0", "1"}:
        yield _detail(one, _TTL, values[_TTL], "64"), "its packets end at the first hop"
    key = f"net.ipv6.conf.{device}.hop_limit"
    if values.get(key) in {"0", "1"} and one.assigned(6):
        yield _detail(one, key, values[key], "64"), "its IPv6 packets end at the first hop"
    for key in ("net.ipv4.conf.all.arp_ignore", f"net.ipv4.conf.{device}.arp_ignore"):
        if values.get(key) == "8":
            yield _detail(one, key, "8", "0"), "it answers no ARP, so nobody reaches it"
    for version in (4, 6):
        key = neighbour_key(device, "mcast_solicit", version)
        if values.get(key) == "0" and one.assigned(version):
            yield _detail(one, key, "0", "3"), "it asks nobody for addresses, so it loses its gateway"
    key = f"net.ipv6.conf.{device}.disable_ipv6"
    if values.get(key) == "1" and (address := one.assigned(6)):
        base = InterfaceBase(device=device, address6=address, gateway6=endpoints.gateway_of(one, 6))
        yield _detail(one, key, "1", "0", base), f"it has lost its address {address}"


def _detail(one: PathEndpoint, key: str, now: str, wanted: str, base: InterfaceBase | None = None) -> SettingWrong:
    return SettingWrong(place=one.place, key=key, now=now, wanted=wanted, base=base or InterfaceBase())
