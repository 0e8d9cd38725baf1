"""A change to a namespace as data: a file of one tool, or a setting. A fault or an odd habit is a few of them."""

from dataclasses import dataclass

COMMANDS = {
    "ip": ("ip", "-batch", "-"),
    "ip6": ("ip", "-6", "-batch", "-"),
    "bridge": ("bridge", "-batch", "-"),
    "tc": ("tc", "-batch", "-"),
    "nft": ("nft", "-f", "-"),
    "iptables": ("iptables-restore", "-w", "10", "--noflush"),
    "ip6tables": ("ip6tables-restore", "-w", "10", "--noflush"),
    "iptables-legacy": ("iptables-legacy-restore", "-w", "10", "--noflush"),
    "ip6tables-legacy": ("ip6tables-legacy-restore", "-w", "10", "--noflush"),
    "ebtables": ("sh",),
    "arptables": ("sh",),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        place: the namespace: `host`, `outside` or a container.
        tool: a key of COMMANDS; `sysctl` (lines "path value"); or `closed` ("protocol port": nobody listens there).
        text: what the tool reads; `@NAME` stands for the link address of a container's `eth0` or of a device of the host.
    """

    place: str
    tool: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.tool} {'; '.join(self.text.strip().splitlines())}"


@dataclass(frozen=True, slots=True)
class Oddity:
    """A fault, or a harmless habit, of one host: its name and what is done."""

    name: str
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        return f"{self.name}: " + " | ".join(map(str, self.changes))
