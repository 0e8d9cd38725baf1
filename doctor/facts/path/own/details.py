"""Details of findings about the host's own network: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.facts.firewall.rule_cuts import RuleCut
from doctor.facts.path.namespace import Neighbour, NetAddress, Qdisc, RoutingRule
from doctor.facts.path.own.kept_state import PlacedRoute


class UplinkLost(Struct, frozen=True, kw_only=True):
    """An interface that is down or without its address, and with it the routes over it that the last healthy scan saw.

    Attributes:
        device: its name; ``is_down`` whether it must be set up first.
        setting: that must be 0 first, "" for none: IPv6 is disabled on it.
        mtu: to set first, 0 to leave it: below 1280 the kernel disables IPv6; ``mtu_now`` its present one.
        addresses: that it had and that nobody renews; ``is_leased`` whether a program renews the missing one, with ``command``.
    """

    device: str
    is_down: bool = False
    setting: str = ""
    mtu: int = 0
    mtu_now: int = 0
    addresses: tuple[NetAddress, ...] = ()
    is_leased: bool = False
    command: str = ""
    routes: tuple[PlacedRoute, ...] = ()


class RoutesLost(Struct, frozen=True, kw_only=True):
    """Routes of the host that are gone."""

    routes: tuple[PlacedRoute, ...]


class GatewaySilent(Struct, frozen=True, kw_only=True):
    """A default route whose gateway does not answer.

    Attributes:
        current: the route; ``kept`` those of the last healthy scan that can work.
        diverts: routes that lead away from the gateways of ``kept``, and are new.
    """

    current: PlacedRoute
    kept: tuple[PlacedRoute, ...] = ()
    diverts: tuple[PlacedRoute, ...] = ()


class NeighbourFixed(Struct, frozen=True, kw_only=True):
    """A neighbour entry that somebody fixed, and the MAC address that the neighbour had."""

    device: str
    entry: Neighbour
    mac: str


class HostAddressAdded(Struct, frozen=True, kw_only=True):
    """An address of the host; ``is_new`` whether it was not there at the last healthy scan; ``source`` the file that sets it at boot.

    ``taken`` are the addresses that the kernel removes with it, ``routes`` the routes that prefer it as the sender's.
    """

    device: str
    address: NetAddress
    taken: tuple[NetAddress, ...] = ()
    routes: tuple[PlacedRoute, ...] = ()
    is_new: bool = False
    source: str = ""


class RouteAdded(Struct, frozen=True, kw_only=True):
    """Routes that end or divert packets; ``is_new`` whether they were not there at the last healthy scan; ``source`` as above."""

    routes: tuple[PlacedRoute, ...]
    is_new: bool = False
    source: str = ""


class RuleAdded(Struct, frozen=True, kw_only=True):
    """A rule of routing that ends or diverts packets; ``is_new`` whether it was not there at the last healthy scan; ``source`` as above."""

    rule: RoutingRule
    is_new: bool = False
    source: str = ""


class RulesLost(Struct, frozen=True, kw_only=True):
    """Rules of routing that are gone."""

    rules: tuple[RoutingRule, ...]


class UplinkQueueDrops(Struct, frozen=True, kw_only=True):
    """A queue of an interface that drops all; ``was`` its kind at the last healthy scan, "" if that is not known.

    ``failed`` are neighbours that did not answer, since no question left.
    """

    device: str
    failed: tuple[Neighbour, ...] = ()
    queue: Qdisc
    was: str = ""


class MtuSmall(Struct, frozen=True, kw_only=True):
    """The MTU of an interface now, and at the last healthy scan (0: not known).

    ``rules`` are those for which senders do not learn it, ``versions`` those of IP of the packets.
    """

    device: str
    mtu: int
    was: int = 0
    rules: tuple[RuleCut, ...] = ()
    versions: tuple[int, ...] = (4,)


class SettingsChanged(Struct, frozen=True, kw_only=True):
    """Settings of which the largest value is effective."""

    items: "tuple[SettingChanged, ...]"


class SettingChanged(Struct, frozen=True, kw_only=True):
    """A setting, its value, and its value at the last healthy scan ("": not known, or the same)."""

    key: str
    value: str
    was: str = ""
