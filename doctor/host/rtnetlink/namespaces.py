"""Reads the state of network namespaces: all listings of one in one pass."""

import errno
import os
import struct
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec.structs import replace

from doctor.facts.path.namespace import FILTERING, NetLink, NetNamespace, Qdisc
from doctor.formats.kernel import sysctl_conf
from doctor.formats.netlink import firewall, links, tables
from doctor.formats.netlink.messages import attribute, number
from doctor.host.rtnetlink import policies
from doctor.host.rtnetlink.dump import FIREWALL, ROUTE, Dumper
from doctor.host.rtnetlink.visit import Visit
from doctor.model.missing import Missing

_GET_LINK, _GET_ADDRESS, _GET_ROUTE, _GET_NEIGHBOUR, _GET_RULE, _GET_QUEUE, _GET_FILTER = 18, 22, 26, 30, 34, 38, 46
_BRIDGE = 7
"""AF_BRIDGE."""
_NO_STATISTICS, _VLANS = 8, 2
"""RTEXT_FILTER_SKIP_STATS and RTEXT_FILTER_BRVLAN, in IFLA_EXT_MASK."""
_SIDES = (0xFFFFFFF2, 0xFFFFFFF3)
"""TC_H_CLSACT with TC_H_MIN_INGRESS and TC_H_MIN_EGRESS: what filters of arriving and of leaving packets hang on."""
_LEAST_S, _EACH_S = 5.0, 0.02
_NO_FIREWALL = {errno.EOPNOTSUPP, errno.EINVAL, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.ENOENT}
"""The kernel has no nftables."""
T = TypeVar("T")
_LEGACY = (("ip_tables_names", ""), ("ip6_tables_names", "6"))


def read(pids: Iterable[int], sysctls: tuple[str, ...] = ()) -> dict[int, NetNamespace | Missing]:
    """Return process → state of its network namespace; 0 is the host's. A process that ended is absent."""
    wanted = tuple(pids)
    return Visit(lambda pid, inode: _namespace(pid, inode, sysctls)).go(wanted, _limit_s(wanted))


def settings(pids: Iterable[int], keys: tuple[str, ...]) -> dict[int, dict[str, str] | Missing]:
    """Return process → values of settings in its network namespace, without those that it lacks."""
    wanted = tuple(pids)
    return Visit(lambda _pid, _inode: _sysctls(keys)).go(wanted, _limit_s(wanted))


def _limit_s(pids: tuple[int, ...]) -> float:
    """Seconds for all: each namespace takes less than a millisecond, but a busy machine may leave little time for it."""
    return _LEAST_S + _EACH_S * len(pids)


def _namespace(pid: int, inode: int, sysctls: tuple[str, ...]) -> NetNamespace:
    cut: list[str] = []
    with Dumper(ROUTE) as route:
        found_links = _links(route, cut)
        addresses = _rows(route, "addresses", (_GET_ADDRESS, bytes(8)), tables.parse_address, cut)
        routes = _rows(route, "routes", (_GET_ROUTE, bytes(12)), tables.parse_route, cut)
        rules = _rows(route, "rules", (_GET_RULE, bytes(12)), tables.parse_rule, cut)
        neighbours = _rows(route, "neighbours", (_GET_NEIGHBOUR, bytes(12)), tables.parse_neighbour, cut)
        queues = _rows(route, "queues", (_GET_QUEUE, bytes(20)), tables.parse_queue, cut)
        queues = tuple(_filtered(route, queue, cut) if queue.kind in FILTERING else queue for queue in queues)
        has_bridge = any(link.bridge or link.vxlan for link in found_links)
        request = struct.pack("=B11x", _BRIDGE)
        entries = _rows(route, "fdb", (_GET_NEIGHBOUR, request), tables.parse_forwarding, cut) if has_bridge else ()
    # Those of containers cost too much to ask for: only programs with NET_ADMIN set them.
    xfrm_policies, xfrm_states = ((), ()) if pid else policies.read(cut)
    nft_tables, nft_rules, generation = _firewall(has_rules=bool(pid))
    return NetNamespace(
        inode=inode,
        pid=pid,
        links=found_links,
        addresses=addresses,
        routes=routes,
        rules=rules,
        neighbours=neighbours,
        fdb=entries,
        qdiscs=queues,
        policies=xfrm_policies,
        states=xfrm_states,
        nft_tables=nft_tables,
        nft_rules=nft_rules,
        generation=generation,
        legacy_tables=_legacy(),
        sysctls=_sysctls(sysctls) | (policies.exceptions() if xfrm_policies else {}),
        cut=tuple(cut),
    )


def _filtered(socket: Dumper, queue: Qdisc, cut: list[str]) -> Qdisc:
    """Return a queue with whether filters hang on it."""
    for parent in _SIDES:
        request = struct.pack("=B3xiIII", 0, queue.link, 0, parent, 0)
        if _rows(socket, "filters", (_GET_FILTER, request), lambda _: True, cut):
            return replace(queue, has_filters=True)
    return replace(queue, has_filters=False)


def _rows(
    socket: Dumper, what: str, request: tuple[int, bytes], parse: Callable[[bytes], T | None], cut: list[str]
) -> tuple[T, ...]:
    found, is_whole = socket.rows(*request, parse)
    if not is_whole:
        cut.append(what)
    return tuple(found)


def _links(socket: Dumper, cut: list[str]) -> tuple[NetLink, ...]:
    found = _rows(socket, "links", (_GET_LINK, _link_request(0, _NO_STATISTICS)), links.parse_link, cut)
    if not any(link.bridge and link.bridge.filters_vlans for link in found):
        return found
    body = _link_request(_BRIDGE, _NO_STATISTICS | _VLANS)
    vlans = dict(_rows(socket, "links", (_GET_LINK, body), links.parse_vlans, cut))
    return tuple(
        replace(link, port=replace(link.port, vlans=vlans.get(link.index, ()))) if link.port else link for link in found
    )


def _link_request(family: int, mask: int) -> bytes:
    """Return struct ifinfomsg and IFLA_EXT_MASK."""
    return struct.pack("=B15x", family) + attribute(29, number(mask))


def _firewall(*, has_rules: bool) -> tuple[tuple[tuple[str, str], ...], dict[str, int], int]:
    """Return the tables of nftables, how many rules each chain has, and the number of changes, 0 without nftables."""
    try:
        with Dumper(FIREWALL) as socket:
            found, _ = socket.rows(firewall.GET_TABLE, firewall.HEADER, firewall.parse_table)
            places: list[str] = []
            if found and has_rules:
                places, _ = socket.rows(firewall.GET_RULE, firewall.HEADER, firewall.parse_rule_place)
            generation = firewall.parse_generation(socket.ask(firewall.GET_GENERATION, firewall.HEADER))
            return tuple(found), dict(Counter(places)), generation
    except OSError as error:
        if error.errno in _NO_FIREWALL:
            return (), {}, 0
        raise


def _legacy() -> tuple[str, ...]:
    found: list[str] = []
    for name, tail in _LEGACY:
        # The module adds the file to every namespace: without it in that of the process, it is in none.
        if os.path.exists(f"/proc/self/net/{name}"):
            found += [table + tail for table in (_read(f"/proc/thread-self/net/{name}") or "").split()]
    return tuple(found)


def _sysctls(keys: tuple[str, ...]) -> dict[str, str]:
    values = {key: _read(sysctl_conf.proc_path(key)) for key in keys}
    return {key: value.rstrip("\n") for key, value in values.items() if value is not None}


def _read(path: str) -> str | None:
    """Return a small file of procfs as this thread's namespace has it, ``None`` without it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, 1 << 16).decode("utf-8", "surrogateescape")
    except OSError:
        return None
    finally:
        os.close(descriptor)
