"""Restores the rules that lead a container to the engine's name server."""

import json
from collections.abc import Iterator

from doctor.api.actions.base import Intention
from doctor.facts.path.resolvers import ADDRESS, RULES, RulelessResolver
from doctor.model.action import Stage
from doctor.model.step import RULES as PREDICTED
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View

_CHAINS = {"OUTPUT": "DOCKER_OUTPUT", "POSTROUTING": "DOCKER_POSTROUTING"}


class RestoreResolverRules(Intention, frozen=True, kw_only=True):
    """Write the engine's rules into a container's namespace, with the host's iptables; its other rules stay."""

    resolver: RulelessResolver
    stage: Stage = Stage.FIREWALL

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"restore the engine's rules for {ADDRESS} in container {self.resolver.name}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield one restore, which is atomic. It flushes no chain that has rules, so that those of others stay.

        The rules go to the head of the engine's chains, so that a deletion finds these, not equal ones that were left.
        """
        del view
        resolver = self.resolver
        counts = resolver.rules
        jumps = [
            f"{chain} -d {ADDRESS}/32 -j {target}"
            for chain, target in _CHAINS.items()
            if not counts.get(f"ip nat {chain}")
        ]
        rules = []
        for protocol, port in (("udp", resolver.udp), ("tcp", resolver.tcp)):
            rules += [
                f"DOCKER_OUTPUT -d {ADDRESS}/32 -p {protocol} -m {protocol} --dport 53 -j DNAT --to-destination {ADDRESS}:{port}",
                f"DOCKER_POSTROUTING -s {ADDRESS}/32 -p {protocol} -m {protocol} --sport {port} -j SNAT --to-source :53",
            ]
        # A chain that is named in this way is created, or emptied.
        new = [f":{chain} - [0:0]" for chain in _CHAINS.values() if not counts.get(f"ip nat {chain}")]
        lines = ["*nat", *new, *(f"-A {jump}" for jump in jumps), *(f"-I {rule}" for rule in rules)]
        back = ["*nat", *(f"-D {rule}" for rule in (*jumps, *rules))]
        there = {place: counts.get(place, 0) for place in RULES}
        after = {place: count + RULES[place] for place, count in there.items() if "DOCKER" in place or not count}
        yield Run(
            argv=self._within("echo 'its process runs in another network namespace now' >&2; exit 1"),
            stdin=_document(lines),
            undo=(self._within("exit 0"),),
            undo_stdin=(_document(back),),
            predicts=(Answer(ask=(PREDICTED, str(resolver.inode)), stdout=json.dumps({**counts, **after}).encode()),),
        )

    def _within(self, otherwise: str) -> tuple[str, ...]:
        """Return the command in the container's namespace, and ``otherwise`` if its process has ended, or its number is another's."""
        place = f"/proc/{self.resolver.pid}/ns/net"
        check = f'[ "$(readlink {place})" = "net:[{self.resolver.inode}]" ] || {{ {otherwise}; }}'
        return ("sh", "-c", f"{check}; exec nsenter --net={place} iptables-restore --noflush -w 5")


def _document(lines: list[str]) -> bytes:
    return ("\n".join((*lines, "COMMIT")) + "\n").encode()
