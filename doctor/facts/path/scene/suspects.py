"""Which rules may treat packets to one port or one network otherwise than the rest: only then such packets are walked too."""

from collections.abc import Iterator

from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists

_DISTINGUISHING = (" --dport", " -d ", " --match-set", " -m u32", " -m string")
_ENGINES = (" -j DOCKER", " -j MASQUERADE")


class Suspects:
    """The containers for which special ways are walked: all, if a rule of the host distinguishes packets, or those with own rules."""

    def __init__(self, firewalls: PathFirewalls, namespaces: NetNamespaces) -> None:
        """Look at the texts of rules: it costs less than a walk."""
        self._all = bool(namespaces.host.policies) or _distinguishes(firewalls.host)
        self._inodes = firewalls.containers.keys()
        self._namespaces = namespaces

    def has(self, container: str) -> bool:
        """Whether they are walked for a container, by its id."""
        namespace = self._namespaces.of(container)
        return self._all or (namespace is not None and namespace.inode in self._inodes)


def _distinguishes(lists: RuleLists) -> bool:
    return lists.nft is not None or any(
        any(word in line for word in _DISTINGUISHING) for line in _foreign(lists) if not line.endswith(_ENGINES)
    )


def _foreign(lists: RuleLists) -> Iterator[str]:
    for save in lists.saves:
        for line in save.saved.ruleset.lines:
            if line.startswith("-A ") and (not line.startswith("-A DOCKER") or line.startswith("-A DOCKER-USER")):
                yield line
