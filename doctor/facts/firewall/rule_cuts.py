"""Rules of the host's packet filters at which packets of containers end, as their own program spells them."""

from msgspec import Struct

from doctor.facts.firewall.cuts import Cut
from doctor.facts.firewall.ends.rule_place import RulePlace
from doctor.facts.path.ends.details import ContainerPlace
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.model.missing import Missing

HOST_HOOKS = frozenset({"input", "output"})
"""Hooks that only packets to the host itself and of its own programs pass."""
SPECIAL_KINDS = frozenset({"http", "near"})
"""Kinds of ways that nothing shows to be needed: to port 80, and to the host's own router."""
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_ICMP = frozenset({"icmp", "ipv6-icmp"})
_PROXY_KINDS = frozenset({"published", "host-published", "loopback"})


class RuleCut(Struct, frozen=True, kw_only=True):
    """One rule, or a chain's policy, at which packets of containers end.

    Attributes:
        cut: the ways that end there.
        place: the rule.
        hook: of its base chain.
        is_engines: whether it is a rule of the engine's own.
        is_plain: whether it names no traffic, and matches every packet.
        names_container: whether its text has the address of a container, which the engine may give to another one.
        bridges: interfaces of the networks of the containers concerned.
        ports: (protocol, port, address) that the host publishes for them, "" for any address.
        is_for_all: whether no running container reaches the network outside, or a name server.
        within: the container in whose network namespace it is; empty for the host's.
    """

    cut: PathCut
    place: RulePlace
    hook: str
    is_engines: bool = False
    is_plain: bool = False
    names_container: bool = False
    bridges: tuple[str, ...] = ()
    ports: tuple[tuple[str, int, str], ...] = ()
    is_for_all: bool = False
    within: ContainerPlace = ContainerPlace()

    @property
    def is_only_icmp(self) -> bool:
        """Whether it is about ICMP, and ends nothing else: programs are not concerned."""
        return (
            bool(self.cut.ways)
            and "icmp" in self.place.text
            and all(way.protocol in {"icmp", *_ICMP} for way in self.cut.ways)
        )

    @property
    def is_about_size(self) -> bool:
        """Whether it ends only the ICMP messages by which a sender learns that its packets are too large."""
        return self.cut.cause == "mtu"

    @property
    def drops_questions(self) -> bool:
        """Whether it drops the questions for IPv6 addresses, or their answers, so that each container loses its gateway."""
        return self.cut.cause == "neighbour" and not self.cut.ways and self.place.family in {"ip6", "inet"}

    @property
    def closes_only_ports(self) -> bool:
        """Whether it ends only packets from outside to published ports, as somebody may want."""
        return self.cut.kinds == {"published"}

    @property
    def is_narrow_wish(self) -> bool:
        """Whether it is a firewall that lets containers reach some ports only, or none of the private networks around."""
        if not self.cut.kinds <= SPECIAL_KINDS:
            return False
        is_rest = self.place.is_policy or self.is_plain
        return is_rest or self.place.is_users or any(one in self.place.text for one in _PRIVATE)

    @property
    def ends_own_ports(self) -> bool:
        """Whether the host itself no longer reaches a published port."""
        return bool(self.cut.kinds & _PROXY_KINDS)


class RuleCuts(Struct, frozen=True, kw_only=True):
    """All of them.

    Attributes:
        items: those of the host; ``inside`` those in containers' network namespaces.
        gaps: what the walks could not read.
    """

    items: tuple[RuleCut, ...] = ()
    inside: tuple[RuleCut, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def among(self, left: OpenCuts) -> tuple[RuleCut, ...]:
        """Return those that no finding of another check names, and those that end no packet of a walk for certain.

        Rules that end only ICMP messages about an MTU belong to the check of that MTU.
        """
        return tuple(
            item for item in self.items if not item.cut.ways or (item.cut in left.cuts and not item.is_about_size)
        )

    def of(self, cut: PathCut) -> RuleCut | None:
        """Return the rule of a cut, of the host or of a container, ``None`` if it could not be listed."""
        return next((item for item in (*self.items, *self.inside) if item.cut == cut), None)


def rules_of(cuts: RuleCuts | Missing, cut: Cut) -> tuple[RuleCut, ...]:
    """Return the rule of nft that another fact found too, as nft spells it."""
    items = () if isinstance(cuts, Missing) or not cut.handle else cuts.items
    return tuple(
        item
        for item in items
        if (f"{item.place.family} {item.place.table}", item.place.handle) == (cut.table, cut.handle)
    )[:1]
