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
        """Yield one restore, which is atomic."""
        del view
        resolver = self.resolver
        jumps = [
            f"{chain} -d {ADDRESS}/32 -j {target}"
            for chain, target in _CHAINS.items()
            if not resolver.rules.get(f"ip nat {chain}")
        ]
        lines = ["*nat", *(f":{chain} - [0:0]" for chain in _CHAINS.values())]
        lines += [f"-A {jump}" for jump in jumps]
        for protocol, port in (("tcp", resolver.tcp), ("udp", resolver.udp)):
            lines += [
                f"-A DOCKER_OUTPUT -d {ADDRESS}/32 -p {protocol} -m {protocol} --dport 53 -j DNAT --to-destination {ADDRESS}:{port}",
                f"-A DOCKER_POSTROUTING -s {ADDRESS}/32 -p {protocol} -m {protocol} --sport {port} -j SNAT --to-source :53",
            ]
        back = ["*nat", *(f"-D {jump}" for jump in jumps), *(f"-F {chain}" for chain in _CHAINS.values())]
        argv = ("nsenter", f"--net=/proc/{resolver.pid}/ns/net", "iptables-restore", "--noflush", "-w", "5")
        after = {place: max(count, resolver.rules.get(place, 0)) for place, count in RULES.items()}
        counts = json.dumps({**resolver.rules, **after}).encode()
        yield Run(
            argv=argv,
            stdin=_document(lines),
            undo=(argv,),
            undo_stdin=(_document(back),),
            predicts=(Answer(ask=(PREDICTED, str(resolver.inode)), stdout=counts),),
        )


def _document(lines: list[str]) -> bytes:
    return ("\n".join((*lines, "COMMIT")) + "\n").encode()
