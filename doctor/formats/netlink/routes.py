"""Addresses, routes, rules of routing and neighbours of a network namespace."""

from msgspec import Struct

TENTATIVE, DUPLICATE = 0x40, 0x08
"""IFA_F_TENTATIVE and IFA_F_DADFAILED of include/uapi/linux/if_addr.h."""
SECONDARY, NODAD, NO_PREFIX_ROUTE = 0x01, 0x02, 0x200
"""IFA_F_SECONDARY, IFA_F_NODAD and IFA_F_NOPREFIXROUTE."""
TEMPORARY = SECONDARY
"""IFA_F_TEMPORARY, the same bit in IPv6: an address that changes from day to day."""
SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}
"""RT_SCOPE_ of include/uapi/linux/rtnetlink.h."""
MAIN, LOCAL = 254, 255
"""Numbers of the kernel's routing tables."""
KERNEL = 2
"""RTPROT_KERNEL: the kernel added the route by itself."""
ONLINK = 4
"""RTNH_F_ONLINK: the gateway is taken for a neighbour, whatever its address."""
PERMANENT, FIXED = 0x80, 0xC0
"""NUD_PERMANENT, and with it NUD_NOARP: entries that the kernel does not change by itself."""
FAILED, INCOMPLETE, USABLE = 0x20, 0x01, 0xDE
"""NUD_FAILED, NUD_INCOMPLETE (asked, no answer so far), and the states in which a packet is sent: NUD_REACHABLE, STALE, DELAY, PROBE, NOARP, PERMANENT."""
PERMANENT, LEARNED = 0x80, 0x1E
"""NUD_PERMANENT: an entry that somebody set; NUD_REACHABLE, STALE, DELAY, PROBE: the neighbour has answered."""
ROOT = 0xFFFFFFFF
"""TC_H_ROOT: parent of an interface's own queue."""

_INVERT = 0x2
"""FIB_RULE_INVERT of include/uapi/linux/fib_rules.h."""
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}
_TABLES = {253: "default", MAIN: "main", LOCAL: "local"}


FOREVER = 0xFFFFFFFF
"""Seconds of an address that does not end."""


class NetAddress(Struct, frozen=True, kw_only=True):
    """One address of an interface.

    Attributes:
        link: number of the interface; ``version`` 4 or 6; ``prefix`` the prefix length.
        scope: "global", "link", "host".
        flags: IFA_F_ bits.
        broadcast: address, and ``label`` as ifconfig shows it, "" without one (IPv6).
        is_leased: whether it ends by itself, so that a program renews it: after ``valid`` seconds; after ``preferred`` ones no new
            connection uses it.
    """

    link: int
    version: int
    address: str
    prefix: int
    scope: str = "global"
    flags: int = 0
    broadcast: str = ""
    label: str = ""
    is_leased: bool = False
    valid: int = FOREVER
    preferred: int = FOREVER

    @property
    def is_secondary(self) -> bool:
        """Whether it goes with the first address of its network; the bit of IPv6 means something else."""
        return self.version == 4 and bool(self.flags & SECONDARY)

    @property
    def text(self) -> str:
        """Return it with its prefix length."""
        return f"{self.address}/{self.prefix}"

    @property
    def attributes(self) -> dict[str, str | int]:
        """Return the rest of it, as a request to add it needs them."""
        found: dict[str, str | int] = {"scope": SCOPES.get(self.scope, 0)}
        if (self.valid, self.preferred) != (FOREVER, FOREVER):
            found |= {"valid": self.valid, "preferred": self.preferred}
        if self.version == 6:
            return found | ({"flags": NODAD} if self.flags & NODAD else {})
        named = {"broadcast": self.broadcast, "label": self.label}
        return found | {key: value for key, value in named.items() if value}

    @property
    def is_usable(self) -> bool:
        """Whether the kernel uses it: an IPv6 address waits for the detection of duplicates first."""
        return not self.flags & (TENTATIVE | DUPLICATE)

    @property
    def is_checked(self) -> bool:
        """Whether the detection of duplicates is under way."""
        return self.flags & (TENTATIVE | DUPLICATE) == TENTATIVE


class NextHop(Struct, frozen=True, kw_only=True):
    """One of several ways of a route: interface, gateway or "", weight, RTNH_F_ bits."""

    link: int
    gateway: str = ""
    weight: int = 1
    flags: int = 0


class NetRoute(Struct, frozen=True, kw_only=True):
    """One route.

    Attributes:
        kind: "unicast", "local", "blackhole", …
        destination: "10.0.0.0/8", "0.0.0.0/0" or "::/0".
        origin: network of the sender for which it holds (IPv6), "" for all; ``source`` the sender's address that it prefers.
        link: number of the interface, 0 for a blackhole route and for one with several hops.
        protocol: who added it, RTPROT_: 2 the kernel, 3 at boot, 4 an administrator.
        flags: RTNH_F_ bits: 1 dead, 16 the link is down.
        nhid: number of the next hop object that it uses, 0 for none: the way is that of the object.
        has_more: whether the kernel has more of it than a request names (realms, encapsulation, locked metrics): it can't be restored exactly.
    """

    version: int
    table: int = MAIN
    kind: str = "unicast"
    destination: str
    origin: str = ""
    source: str = ""
    gateway: str = ""
    link: int = 0
    metric: int = 0
    mtu: int = 0
    protocol: int = 0
    flags: int = 0
    hops: tuple[NextHop, ...] = ()
    nhid: int = 0
    has_more: bool = False

    @property
    def is_restorable(self) -> bool:
        """Whether a request adds it as it was; a next hop object may have gone with it."""
        return not self.has_more and not self.nhid

    def request(self, device: str = "") -> dict[str, str | int]:
        """Return the route as a request to rtnetlink adds or deletes it; ``device`` is the name of its interface.

        >>> NetRoute(version=4, destination="10.0.0.0/8", gateway="10.1.0.1", link=2, metric=7, flags=ONLINK).request("eth0")
        {'dst': '10.0.0.0/8', 'dev': 'eth0', 'gateway': '10.1.0.1', 'onlink': 1, 'priority': 7}
        """
        found: dict[str, str | int] = {"dst": self.destination}
        way: dict[str, str | int] = {
            "dev": device,
            "gateway": self.gateway,
            "type": self.kind if self.kind != "unicast" else "",
            "onlink": int(bool(self.flags & ONLINK)),
        }
        if self.nhid:
            way = {"nhid": self.nhid}
        named: dict[str, str | int] = {
            **way,
            "priority": self.metric,
            "prefsrc": self.source,
            "src": self.origin,
            "proto": self.protocol,
            "table": self.table if self.table != MAIN else 0,
            "mtu": self.mtu,
        }
        return found | {key: value for key, value in named.items() if value}


class RoutingRule(Struct, frozen=True, kw_only=True):
    """One rule of routing (``ip rule``).

    Attributes:
        action: "table", "goto", "nop", "blackhole", "unreachable", "prohibit".
        table: that it looks in; ``target`` the priority of the rule that "goto" leads to.
        source: network of the sender, "" for all, ``destination`` of the receiver.
        iif: name of the incoming interface, ``oif`` of the outgoing one, "" for all.
        mark: and ``mask``: bits of a packet's mark, mask 0 for all.
        invert: whether it holds for all other packets.
        ipproto: number of the protocol, 0 for all; ``sport``, ``dport`` ranges of ports.
        suppress_prefix: prefix length up to which the table's routes don't count, -1 for none (wg-quick: 0).
        tos: and ``uid_range``, ``l3mdev``, ``tunnel``: further conditions, seldom used; ``dscp`` the same bits as a number of 6 bits, -1 for all.
        protocol: who added it, RTPROT_, as of a route.
        has_more: whether the kernel has more of it than a request names (realms, a DSCP): it can't be restored exactly.
    """

    version: int
    priority: int = 0
    action: str = "table"
    table: int = MAIN
    target: int = 0
    source: str = ""
    destination: str = ""
    iif: str = ""
    oif: str = ""
    mark: int = 0
    mask: int = 0
    invert: bool = False
    ipproto: int = 0
    sport: tuple[int, int] | None = None
    dport: tuple[int, int] | None = None
    suppress_prefix: int = -1
    tos: int = 0
    dscp: int = -1
    uid_range: tuple[int, int] | None = None
    l3mdev: bool = False
    tunnel: int = 0
    protocol: int = 0
    has_more: bool = False

    def request(self) -> dict[str, str | int]:
        """Return the rule as a request to rtnetlink adds or deletes it: with all its conditions, so that no other one is meant.

        >>> RoutingRule(version=4, priority=80, action="blackhole", mark=0x42, mask=0xFF).request()
        {'family': 2, 'priority': 80, 'action': 'blackhole', 'fwmark': 66, 'fwmask': 255}
        """
        found: dict[str, str | int] = {"family": 2 if self.version == 4 else 10, "priority": self.priority}
        found["action"] = self.action
        if self.action == "table":
            found |= {"action": "to_tbl", "table": self.table}
        for key, network in (("src", self.source), ("dst", self.destination)):
            if network:
                address, _, length = network.partition("/")
                found |= {key: address, f"{key}_len": int(length)}
        named: dict[str, str | int] = {
            "iifname": self.iif,
            "oifname": self.oif,
            "ip_proto": self.ipproto,
            "tos": self.tos,
            "goto": self.target,
            "l3mdev": int(self.l3mdev),
            "protocol": self.protocol,
            "flags": _INVERT if self.invert else 0,
        }
        found |= {key: value for key, value in named.items() if value}
        if self.mask:
            found |= {"fwmark": self.mark, "fwmask": self.mask}
        for key, span in (("sport_range", self.sport), ("dport_range", self.dport), ("uid_range", self.uid_range)):
            if span is not None:
                found[key] = f"{span[0]}:{span[1]}"
        if self.suppress_prefix >= 0:
            found["suppress_prefixlen"] = self.suppress_prefix
        return found

    @property
    def is_plain(self) -> bool:
        """Whether it looks in a table for all packets; who added it does not matter."""
        usual = RoutingRule(version=self.version, priority=self.priority, table=self.table, protocol=self.protocol)
        return self == usual

    @property
    def command(self) -> str:
        """Return the command that shows rules of its version.

        >>> RoutingRule(version=6).command
        'ip -6 rule'
        """
        return "ip rule" if self.version == 4 else "ip -6 rule"

    @property
    def text(self) -> str:
        """Return the rule as ip(8) takes it.

        >>> RoutingRule(version=4, priority=90, action="prohibit", iif="docker0").text
        'pref 90 from all iif docker0 prohibit'
        >>> RoutingRule(version=4, priority=100, source="172.17.0.0/16", table=99).text
        'pref 100 from 172.17.0.0/16 lookup 99'
        """
        words = ["not"] if self.invert else []
        words += [f"pref {self.priority}", f"from {self.source or 'all'}"]
        words += [f"to {self.destination}"] if self.destination else []
        words += [f"iif {self.iif}"] if self.iif else []
        words += [f"oif {self.oif}"] if self.oif else []
        if self.mask:
            words.append(f"fwmark {self.mark:#x}" + (f"/{self.mask:#x}" if self.mask != 0xFFFFFFFF else ""))
        words += [f"tos {self.tos:#x}"] if self.tos else []
        words += [f"dscp {self.dscp}"] if self.dscp >= 0 else []
        words += [f"ipproto {_PROTOCOLS.get(self.ipproto, self.ipproto)}"] if self.ipproto else []
        for name, span in (("sport", self.sport), ("dport", self.dport), ("uidrange", self.uid_range)):
            if span is not None:
                words.append(f"{name} {span[0]}" + (f"-{span[1]}" if span[1] != span[0] or name == "uidrange" else ""))
        words.append(f"lookup {_TABLES.get(self.table, self.table)}" if self.action == "table" else self.action)
        words += [str(self.target)] if self.action == "goto" else []
        words += [f"suppress_prefixlength {self.suppress_prefix}"] if self.suppress_prefix >= 0 else []
        return " ".join(words)


class Neighbour(Struct, frozen=True, kw_only=True):
    """One entry of the neighbour table: address, MAC address or "", NUD_ bits (2 reachable, 4 stale, 32 failed, 128 permanent).

    ``is_overdue`` if the question for it has been open for longer than an answer takes.
    """

    link: int
    version: int
    address: str
    mac: str = ""
    state: int = 0
    is_overdue: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether nobody answered for the address."""
        return bool(self.state & FAILED)

    @property
    def is_silent(self) -> bool:
        """Whether nobody answered for the address, or the answer is overdue."""
        return self.has_failed or self.is_overdue


class ForwardingEntry(Struct, frozen=True, kw_only=True):
    """One entry of a bridge's forwarding table: MAC address, port, bridge, VLAN (0: none), NUD_ bits, NTF_ bits.

    ``remote`` is the other host's address, in the table of a tunnel.
    """

    mac: str
    link: int
    master: int = 0
    vlan: int = 0
    state: int = 0
    flags: int = 0
    remote: str = ""


class Qdisc(Struct, frozen=True, kw_only=True):
    """One queue of an interface.

    Attributes:
        parent: 0xFFFFFFFF for the root.
        limit: in packets, for bfifo and tbf in bytes.
        drops: packets it dropped.
        has_filters: whether filters hang on it, read of clsact and ingress; ``None`` if not read.
    """

    link: int
    kind: str
    parent: int = ROOT
    handle: int = 0
    limit: int | None = None
    drops: int = 0
    has_filters: bool | None = None
