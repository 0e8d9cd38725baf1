"""The command ``iptables``, which the engine runs for each rule."""

from msgspec import Struct

from doctor.facts.firewall.packet_filter import LEGACY, NFT


class IptablesCommand(Struct, frozen=True, kw_only=True):
    """The command ``iptables`` of this host.

    Attributes:
        path: its path, "" without one; ``target`` the program that its links lead to.
        alternative: target of the link /etc/alternatives/iptables, "" if the command is not an alternative.
        variant: ``nft`` or ``legacy``; "" without the command, and if it fails.
        problem: how it fails, "" if it does not: only a program whose name does not show the variant is tried.
    """

    path: str = ""
    target: str = ""
    alternative: str = ""
    variant: str = ""
    problem: str = ""

    @property
    def other(self) -> str:
        """The name of the other variant."""
        return LEGACY if self.variant == NFT else NFT
