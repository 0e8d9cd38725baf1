"""Values of the host's own network configuration, whichever program reads it, each with its file and line."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_interface, ip_network

from msgspec import Struct

_ANY = frozenset({"default", "all", "any", "0/0", "::/0", "0.0.0.0/0", "0.0.0.0", "::"})  # noqa: S104 - compared, never bound


class ConfiguredAddress(Struct, frozen=True, kw_only=True):
    """An address of an interface: "192.0.2.5/24".

    Attributes:
        device: name or shell pattern of the interface, "" if the file names none.
        path: and ``line``: its place; line 0 if the format has none.
    """

    device: str
    address: str
    path: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """Return file and line, for evidence."""
        return f"{self.path}:{self.line}" if self.line else self.path


class ConfiguredRoute(Struct, frozen=True, kw_only=True):
    """A route.

    Attributes:
        destination: a network as the kernel has it, "0.0.0.0/0" or "::/0" for the default.
        table: number or name as written, "main" if the file names none.
        kind: "unicast", "blackhole", "unreachable", "prohibit", …
    """

    version: int
    destination: str
    device: str = ""
    gateway: str = ""
    metric: int = 0
    table: str = "main"
    kind: str = "unicast"
    source: str = ""
    path: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """Return file and line, for evidence."""
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def is_default(self) -> bool:
        """Whether it leads everywhere."""
        return self.destination in {"0.0.0.0/0", "::/0"}

    @property
    def text(self) -> str:
        """Return it as ip(8) writes it, without interface and table."""
        kind = "" if self.kind == "unicast" else f"{self.kind} "
        via = f" via {self.gateway}" if self.gateway else ""
        return f"{kind}{'default' if self.is_default else self.destination}{via}"


class ConfiguredRule(Struct, frozen=True, kw_only=True):
    """A rule of routing.

    Attributes:
        version: 4 or 6, 0 if the file leaves it open (a rule for both families).
        priority: 0 if the file has none: the kernel then chooses one.
        action: "table", "blackhole", "unreachable", "prohibit".
    """

    version: int
    priority: int = 0
    action: str = "table"
    table: str = "main"
    source: str = ""
    destination: str = ""
    iif: str = ""
    oif: str = ""
    mark: int = 0
    path: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """Return file and line, for evidence."""
        return f"{self.path}:{self.line}" if self.line else self.path


class ConfiguredCommand(Struct, frozen=True, kw_only=True):
    """A command that a script or a hook of the host runs, if it changes the network: its words."""

    words: tuple[str, ...]
    path: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """Return file and line, for evidence."""
        return f"{self.path}:{self.line}"


class ConfiguredLink(Struct, frozen=True, kw_only=True):
    """One part of a file that configures an interface.

    Attributes:
        device: name or shell pattern; ``mac`` as the file matches it, "" if it does not.
        program: "netplan", "systemd-networkd", "NetworkManager", "ifupdown", "ifcfg" or "cloud-init".
        name: how its program calls it ("eth0", the id of a connection).
        dhcp: families that are configured by DHCP or router advertisements: 4, 6.
        mtu: 0 if the file has none.
        is_unmanaged: whether its program leaves the interface alone.
        is_down: whether the program sets it down, or starts it only by hand.
    """

    device: str
    program: str
    name: str = ""
    mac: str = ""
    kinds: tuple[str, ...] = ()
    dhcp: tuple[int, ...] = ()
    mtu: int = 0
    dns: tuple[str, ...] = ()
    settings: tuple[tuple[str, str, int], ...] = ()
    is_unmanaged: bool = False
    is_down: bool = False
    path: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """Return file and line, for evidence."""
        return f"{self.path}:{self.line}" if self.line else self.path


class ConfiguredNetwork(Struct, frozen=True, kw_only=True):
    """All that a file configures."""

    links: tuple[ConfiguredLink, ...] = ()
    addresses: tuple[ConfiguredAddress, ...] = ()
    routes: tuple[ConfiguredRoute, ...] = ()
    rules: tuple[ConfiguredRule, ...] = ()
    commands: tuple[ConfiguredCommand, ...] = ()

    @classmethod
    def of(cls, items: "Iterable[HostItem | None]") -> "ConfiguredNetwork":
        """Return the items by their kind; ``None`` for one that was not valid."""
        found = list(items)
        return cls(
            links=tuple(item for item in found if isinstance(item, ConfiguredLink)),
            addresses=tuple(item for item in found if isinstance(item, ConfiguredAddress)),
            routes=tuple(item for item in found if isinstance(item, ConfiguredRoute)),
            rules=tuple(item for item in found if isinstance(item, ConfiguredRule)),
            commands=tuple(item for item in found if isinstance(item, ConfiguredCommand)),
        )

    @property
    def items(self) -> "tuple[HostItem, ...]":
        """Return all of them."""
        return (*self.links, *self.addresses, *self.routes, *self.rules, *self.commands)


HostItem = ConfiguredLink | ConfiguredAddress | ConfiguredRoute | ConfiguredRule | ConfiguredCommand


def network(text: str, version: int = 4) -> str:
    """A destination or a sender as the kernel has it; "" if it is not valid.

    >>> network("default"), network("10.1.2.3/8"), network("::/0"), network("192.0.2.7"), network("x")
    ('0.0.0.0/0', '10.0.0.0/8', '::/0', '192.0.2.7/32', '')
    """
    if text in _ANY:
        return "::/0" if version == 6 or ":" in text else "0.0.0.0/0"
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return ""


def interface_address(text: str, mask: str = "") -> str:
    """An address with its prefix length; "" if it is not valid.

    >>> interface_address("192.0.2.5", "255.255.255.0"), interface_address("2001:db8::1/64"), interface_address("x")
    ('192.0.2.5/24', '2001:db8::1/64', '')
    """
    try:
        return ip_interface(f"{text}/{mask}" if mask and "/" not in text else text).with_prefixlen
    except ValueError:
        return ""


def plain_address(text: str) -> str:
    """An address in the kernel's form, without a zone; "" if it is not valid."""
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return ""


def version_of(text: str) -> int:
    """The family of an address or network."""
    return 6 if ":" in text else 4


def number(text: str) -> int:
    """A whole number, also in hexadecimal; 0 for anything else.

    >>> number("1500"), number("0x10"), number("0x10/0xff"), number("-1"), number("9" * 99)
    (1500, 16, 16, 0, 0)
    """
    text = text.partition("/")[0].strip()
    if len(text) > 12 or not text.isascii():
        return 0
    try:
        return max(0, int(text, 16 if text[:2].lower() == "0x" else 10))
    except ValueError:
        return 0


def route(
    destination: str, *, version: int = 0, gateway: str = "", device: str = "", metric: str = "", table: str = "",
    kind: str = "unicast", source: str = "", path: str = "", line: int = 0,
) -> ConfiguredRoute | None:  # fmt: skip
    """A route of the texts of a file, or `None` if they are not valid."""
    via = plain_address(gateway)
    if gateway and not via:
        return None
    where = network(destination, version or version_of(via))
    if not where:
        return None
    return ConfiguredRoute(
        version=version_of(where), destination=where, gateway=via, device=device, metric=number(metric),
        table=table or "main", kind=kind, source=plain_address(source), path=path, line=line,
    )  # fmt: skip


def address(device: str, text: str, *, mask: str = "", path: str = "", line: int = 0) -> ConfiguredAddress | None:
    """An address of the texts of a file, or `None` if they are not valid."""
    found = interface_address(text, mask)
    return ConfiguredAddress(device=device, address=found, path=path, line=line) if found else None
