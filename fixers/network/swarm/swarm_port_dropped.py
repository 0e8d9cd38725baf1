"""Advise which ports to open for other swarm nodes."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.firewall.swarm_cuts import SwarmCut
from doctor.formats.firewall.iptables_rule import pasted

_MOST = 4


@fixer(applicability=Applicability.MANUAL)
def swarm_port_dropped(detail: SwarmCut) -> Iterator[Action]:
    """Show commands for exactly these nodes and ports, in the words of the firewall at fault."""
    if detail.table not in {"filter", "inet firewalld"} and not detail.is_nft:
        yield Advise(
            text=f"remove the rule from {detail.table} {detail.chain}: iptables -t {detail.table} -D {pasted(detail.rule[3:])}"
        )
    elif detail.table == "inet firewalld":
        ports = " ".join(f"--add-port {port}" for port in detail.ports if port != "esp")
        esp = " --add-protocol esp" if "esp" in detail.ports else ""
        yield Advise(
            text=f"firewall-cmd {ports}{esp} --permanent && firewall-cmd --reload, in the zone of the nodes' interface"
        )
    elif " ufw-" in detail.rule or detail.rule.startswith("-A ufw"):
        yield Advise(
            text=_each(
                detail,
                "ufw allow proto {protocol} from {peer} to any port {port}",
                esp="ufw allow proto esp from {peer} to any",
            )
        )
    elif detail.is_nft:
        accept = "nft insert rule " + f"{detail.table} {detail.chain} ip saddr {{peer}} "
        yield Advise(
            text=_each(detail, accept + "{protocol} dport {port} accept", esp=accept + "meta l4proto esp accept")
        )
    else:
        accept = "iptables -I INPUT -s {peer} "
        yield Advise(
            text=_each(detail, accept + "-p {protocol} --dport {port} -j ACCEPT", esp=accept + "-p esp -j ACCEPT")
        )


def _each(detail: SwarmCut, template: str, *, esp: str) -> str:
    commands = []
    for peer in detail.peers[:_MOST]:
        for word in detail.ports:
            port, _, protocol = word.partition("/")
            commands.append((template if protocol else esp).format(peer=peer, port=port, protocol=protocol))
    more = f"; the same for {', '.join(detail.peers[_MOST:])}" if len(detail.peers) > _MOST else ""
    return "; ".join(commands) + more + "; and keep the rules in the firewall's own settings"
