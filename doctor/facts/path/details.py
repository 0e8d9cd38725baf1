"""Details of findings about packets' paths: values that a check passes to its fixer."""

from shlex import quote

from msgspec import Struct

from doctor.facts.firewall.packet_filter import IPTABLES_TABLES
from doctor.facts.firewall.rule_cuts import RuleCut
from doctor.facts.path.namespace import NetAddress
from doctor.formats.firewall.iptables_rule import pasted

_COMMANDS = {"ip": "iptables", "ip6": "ip6tables"}


class RouteLost(Struct, frozen=True, kw_only=True):
    """The default routes that a container has lost.

    Attributes:
        container: its name.
        pid: its first process; ``inode`` of its network namespace.
        ways: (gateway, the container's interface) of each, empty if it is unknown which gateway it had.
    """

    container: str
    pid: int
    inode: int
    ways: tuple[tuple[str, str], ...]


class LoopbackDown(Struct, frozen=True, kw_only=True):
    """A process in the namespace, and its inode."""

    pid: int
    inode: int


class PortsIsolated(Struct, frozen=True, kw_only=True):
    """The host's ends of veths."""

    ports: tuple[str, ...]


class AddressTwice(Struct, frozen=True, kw_only=True):
    """A foreign address.

    Attributes:
        address: with prefix length; ``device`` the interface that has it; ``kernels`` the kernel's view of it.
        pid: a process in its network namespace, 0 for the host's; ``inode`` of a container's.
        container: name of the container that has it, "" for the host.
        takes: addresses that the kernel removes with it, since it is the first one of their network.
        is_removable: whether nobody can need it.
    """

    address: str
    device: str
    kernels: NetAddress
    container: str = ""
    takes: tuple[NetAddress, ...] = ()
    pid: int = 0
    inode: int = 0
    is_removable: bool = False


class HairpinOff(Struct, frozen=True, kw_only=True):
    """The host's ends of veths."""

    ports: tuple[str, ...]


class DockerRoute(Struct, frozen=True, kw_only=True):
    """A route that leads to containers, and must not.

    Attributes:
        destination: "default", or a network.
        device: the engine's interface; ``gateway`` of the route, "" for none; ``metric`` its metric.
        protocol: name or number of who added it, ``source`` the sender's address that it prefers.
        has_other: whether another route leads there.
    """

    destination: str
    device: str
    gateway: str = ""
    metric: int = 0
    protocol: str = ""
    source: str = ""
    has_other: bool = True


class PathEnd(Struct, frozen=True, kw_only=True):
    """A hop at which packets end.

    Attributes:
        place: ``host`` or a container's name; ``device`` the interface there, "" for none.
        table: of the deciding rule, with its family, "" for none; ``chain`` its chain, ``rule`` its text and ``handle`` its number.
        trace: container and target of a packet that ends there, as ``doctor probe --trace`` takes them, "" if nobody can send one.
    """

    place: str
    device: str = ""
    table: str = ""
    chain: str = ""
    rule: str = ""
    handle: int = 0
    trace: str = ""

    @property
    def listing(self) -> str:
        """The command that lists the chain."""
        command, table = self._command
        if command:
            return f"{command} -t {table} -S {quote(self.chain)}"
        return f"nft -a list chain {self._in_nft}"

    @property
    def deletion(self) -> str:
        """The command that deletes the rule, "" for a policy."""
        command, table = self._command
        if command:
            return f"{command} -t {table} -D {pasted(self.rule[3:])}" if self.rule.startswith("-A ") else ""
        return f"nft delete rule {self._in_nft} handle {self.handle}" if self.rule and self.handle else ""

    @property
    def _in_nft(self) -> str:
        family, _, table = self.table.partition(" ")
        return f"{family} {quote(table)} {quote(self.chain)}"

    @property
    def _command(self) -> tuple[str, str]:
        family, _, table = self.table.partition(" ")
        is_of_iptables = table in IPTABLES_TABLES and not self.handle
        return (_COMMANDS.get(family, "") if is_of_iptables else "", table)


class InsideRule(Struct, frozen=True, kw_only=True):
    """A rule in a container's network namespace at which packets end; ``item`` is ``None`` if it could not be listed."""

    end: PathEnd
    item: RuleCut | None = None


class PolicyEnd(Struct, frozen=True, kw_only=True):
    """A policy of IPsec at which packets end; ``policy`` as ip(8) takes it, ``is_block`` whether it blocks them."""

    policy: str
    is_block: bool


class ProxyPortTaken(Struct, frozen=True, kw_only=True):
    """A published port that another program has."""

    port: int
    program: str
    containers: tuple[str, ...]
