"""Where one rule of a packet filter is, so that it can be shown, removed and put back."""

from msgspec import Struct

NFT = "nft"

_OWNERS = (
    ("ufw", ("ufw-", "ufw6-")),
    ("firewalld", ("firewalld", "IN_public", "FWD_", "FORWARD_direct", "INPUT_direct")),
    ("Kubernetes", ("KUBE-", "kube-proxy", "cali-", "CILIUM_", "flannel", "FLANNEL-")),
    ("libvirt", ("LIBVIRT_", "libvirt_network")),
    ("fail2ban", ("f2b-", "fail2ban")),
    ("CrowdSec", ("crowdsec", "CROWDSEC_")),
    ("Tailscale", ("ts-input", "ts-forward", "ts-postrouting")),
    ("Podman", ("netavark", "NETAVARK", "CNI-")),
    ("LXD or Incus", ("inet lxd", "inet incus")),
    ("sshguard", ("sshguard",)),
)


class RulePlace(Struct, frozen=True, kw_only=True):
    """One rule, or the policy of a base chain.

    Attributes:
        family: ``ip``, ``ip6``, ``inet``, ``bridge``, ``arp`` or ``netdev``; ``table`` its name.
        chain: the rule's own chain; ``base`` the base chain that leads there.
        backend: ``nft``, or the command of iptables that lists the rule, such as ``iptables-nft-save``.
        text: the rule as its program spells it, without counters, "" for a policy.
        handle: its number in nft, 0 for a policy or a rule of iptables.
        can_return: whether its program can read the text again.
    """

    family: str
    table: str
    chain: str
    backend: str
    base: str = ""
    text: str = ""
    handle: int = 0
    can_return: bool = True

    @property
    def is_policy(self) -> bool:
        """Whether it is the policy of the chain."""
        return not self.text

    @property
    def is_users(self) -> bool:
        """Whether it is in the chain that the engine leaves to the administrator."""
        return self.chain == "DOCKER-USER"

    @property
    def where(self) -> str:
        """Table and chain in words."""
        if self.backend == NFT:
            return f"chain {self.chain} of nft table {self.family} {self.table}"
        legacy = ", legacy" if "legacy" in self.backend else ""
        return (
            f"chain {self.chain} of table {self.table} ({'ip6tables' if self.family == 'ip6' else 'iptables'}{legacy})"
        )

    @property
    def subject(self) -> str:
        """Its name: the same in each scan, unless its owner loads it again."""
        if self.backend == NFT:
            return f"{self.family} {self.table} {self.chain}{f' handle {self.handle}' if self.handle else ''}"
        mark = " (legacy)" if "legacy" in self.backend else " (IPv6)" if self.family == "ip6" else ""
        return f"{self.table} {self.text or f'-P {self.chain} DROP'}{mark}"

    @property
    def words(self) -> str:
        """The rule in a sentence."""
        if self.is_policy:
            return f"the policy of {self.where}"
        handle = f" (handle {self.handle})" if self.handle else ""
        return f"'{self.text}'{handle} in {self.where}"

    @property
    def owner(self) -> str:
        """The program that writes rules under such names, "" if the names show none."""
        names = f"{self.family} {self.table} {self.base} {self.chain} {self.text}"
        return next((owner for owner, marks in _OWNERS if any(mark in names for mark in marks)), "")

    @property
    def command(self) -> str:
        """The command that shows it."""
        if self.backend == NFT:
            return f"nft -a list chain {self.family} {self.table} {self.chain}"
        return self.backend
