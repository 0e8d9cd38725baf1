"""A random host as data: everything about it follows from its seed."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from random import Random

from tests.hosts.paths.base_rules import STYLES, base_rules
from tests.hosts.paths.change import Change, Oddity
from tests.hosts.paths.layout import BRIDGES, CONTAINERS, HOST
from tests.hosts.paths.oddities import REGISTRY, draw

_OF_29 = frozenset({"nft/engine-element-gone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomHost:
    """A host to build.

    Attributes:
        style: whose rules it has.
        policy: of the chain FORWARD.
        hairpin: whether the engine runs without its proxy.
        bridge_nf: whether bridged packets pass the rules of IP.
        oddities: (number, oddity): the numbers stay when some are left out.
    """

    seed: str
    style: str
    policy: str
    hairpin: bool
    bridge_nf: bool
    oddities: tuple[tuple[int, Oddity], ...]

    def changes(self) -> Iterator[Change]:
        """Everything that makes the host from the bare layout."""
        if not self.bridge_nf:
            yield Change(HOST, "sysctl", "bridge/bridge-nf-call-iptables 0\nbridge/bridge-nf-call-ip6tables 0")
        if self.hairpin:
            yield Change(HOST, "sysctl", "\n".join(f"ipv4/conf/{one.name}/route_localnet 1" for one in BRIDGES))
            yield Change(HOST, "bridge", "\n".join(f"link set dev {one.veth} hairpin on" for one in CONTAINERS))
        yield from base_rules(self.style, policy=self.policy, hairpin=self.hairpin)

    def __str__(self) -> str:
        kept = ",".join(str(number) for number, _ in self.oddities)
        about = f"{self.style} rules, FORWARD {self.policy}, {'no proxy' if self.hairpin else 'proxy'}"
        lines = [f"seed {self.seed} keep {kept or '-'}: {about}, bridge-nf {int(self.bridge_nf)}"]
        return "\n".join([*lines, *(f"  {number}. {oddity}" for number, oddity in self.oddities)])


def random_host(seed: str, *, names: Iterable[str] = (), keep: Collection[int] | None = None) -> RandomHost:
    """The host of a seed.

    Args:
        seed: any word.
        names: draw only from these oddities.
        keep: numbers of the oddities to keep, to shrink a host; all if None.
    """
    random = Random(seed)
    style = random.choices(STYLES, (5, 2, 4, 1, 4, 0.3))[0]
    policy, hairpin = random.choice(("DROP", "DROP", "ACCEPT")), random.random() < 0.25
    bridge_nf, count = random.random() < 0.6, random.choices(range(6), (0.5, 4, 4, 3, 2, 1))[0]
    wanted = tuple(names) or tuple(name for name in REGISTRY if style == "29-nft" or name not in _OF_29)
    drawn = [(number, draw(Random(f"{seed}.{number}"), wanted)) for number in range(count)]
    return RandomHost(
        seed=seed,
        style=style,
        policy=policy,
        hairpin=hairpin,
        bridge_nf=bridge_nf,
        oddities=tuple(one for one in drawn if keep is None or one[0] in keep),
    )
