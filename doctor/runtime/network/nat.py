"""Adds the firewall rules of a container that publishes ports or masquerades, and removes them with it.

`iptables` is used if the host has it (with whichever backend, like dockerd); the fallback is a separate table through
`nft`. Each rule is announced to the janitor before it is made.
"""

from doctor.runtime.base import commands
from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.cleanup import leftovers
from doctor.runtime.cleanup.janitor import Janitor
from doctor.runtime.network import proxy
from doctor.runtime.network.link import prefix_of
from doctor.runtime.plan.container import Bridge, NetPlan, Publish

Rule = tuple[str, str, list[str]]


def open_ports(net: NetPlan, bridge: Bridge, janitor: Janitor) -> None:
    """Add the rules, and the proxy for this host itself. Raises LaunchError if the host has no tool, or the tool fails."""
    iptables, nft = commands.find("iptables"), commands.find("nft")
    leftovers.sweep(iptables, nft)
    served = tuple(port for port in net.publish if port.proxy)
    if served:
        janitor.helpers.append(proxy.start(served, bridge.address.partition("/")[0]))
    mark = ["-m", "comment", "--comment", f"{leftovers.MARK}{janitor.token}"]
    if iptables is not None:
        wanted = rules(net, bridge)
        place = _place(iptables) if any(chain == "FORWARD" for _, chain, _ in wanted) else 1
        for table, chain, match in wanted:
            undo = [iptables, "-w", "5", "-t", table, "-D", chain, *match, *mark]
            janitor.before_command(undo)
            where = [chain, str(place)] if (table, chain) == ("filter", "FORWARD") else [chain]
            commands.run([iptables, "-w", "5", "-t", table, "-I", *where, *match, *mark])
    elif nft is not None and not any(port.chain for port in net.publish):
        table = f"{leftovers.TABLE}{janitor.token}"
        janitor.before_command([nft, "delete", "table", "ip", table])
        commands.run([nft, "-f", "-"], nft_script(table, net, bridge))
    else:
        raise LaunchError("can't publish ports or masquerade: the host has neither iptables nor nft")


def _place(iptables: str) -> int:
    """Position of a rule in FORWARD: after the jump to DOCKER-USER, where the administrator filters forwarded
    traffic.
    """
    lines = [
        line for line in commands.output([iptables, "-w", "5", "-S", "FORWARD"]).splitlines() if line.startswith("-A ")
    ]
    jumps = [number for number, line in enumerate(lines, 1) if line.endswith("-j DOCKER-USER")]
    return jumps[-1] + 1 if jumps else 1


def rules(net: NetPlan, bridge: Bridge) -> list[Rule]:
    """(table, chain, match and target) for iptables."""
    address, subnet = bridge.address.partition("/")[0], _subnet(bridge)
    found: list[Rule] = []
    for port in net.publish:
        match = ["-p", port.protocol, "--dport", str(port.host_port)]
        target = ["-j", "DNAT", "--to-destination", f"{address}:{port.container_port}"]
        if port.chain is not None:
            found += _in_chain(port, port.chain, bridge, [*match, *target])
            continue
        found.append(("nat", "PREROUTING", [*_destination(port), *match, *target]))
        found.append(("nat", "OUTPUT", [*_destination(port, but=["!", "-d", "127.0.0.0/8"]), *match, *target]))
        inside = ["-d", address, "-o", bridge.name, "-p", port.protocol, "--dport", str(port.container_port)]
        found.append(("filter", "FORWARD", [*inside, "-j", "ACCEPT"]))
    if net.masquerade or any(port.chain is None for port in net.publish):
        found.append(("filter", "FORWARD", ["-i", bridge.name, "-s", address, "-j", "ACCEPT"]))
        known = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"]
        found.append(("filter", "FORWARD", ["-o", bridge.name, "-d", address, *known, "-j", "ACCEPT"]))
    if net.masquerade:
        found.append(("nat", "POSTROUTING", ["-s", subnet, "!", "-o", bridge.name, "-j", "MASQUERADE"]))
    return found


def _in_chain(port: Publish, chain: str, bridge: Bridge, translate: list[str]) -> list[Rule]:
    """As the engine adds them for a published port: they match only if other rules jump to the chain."""
    address = bridge.address.partition("/")[0]
    inside = ["-d", address, "!", "-i", bridge.name, "-o", bridge.name, "-p", port.protocol]
    return [
        ("nat", chain, [*_destination(port), "!", "-i", bridge.name, *translate]),
        ("filter", chain, [*inside, "--dport", str(port.container_port), "-j", "ACCEPT"]),
    ]


def _destination(port: Publish, but: list[str] | None = None) -> list[str]:
    """The matched addresses of the host: the given one, or any local one except `but`."""
    if port.host_ip is None or port.host_ip == "0.0.0.0":  # noqa: S104 - what the user wrote, nothing is bound here
        return [*(but or []), "-m", "addrtype", "--dst-type", "LOCAL"]
    return ["-d", port.host_ip]


def nft_script(table: str, net: NetPlan, bridge: Bridge) -> str:
    """The same rules as a table of its own, in nft's language."""
    address = bridge.address.partition("/")[0]
    dnat = [
        f"{_nft_destination(port)} {port.protocol} dport {port.host_port} dnat to {address}:{port.container_port}"
        for port in net.publish
    ]
    lines = [f"table ip {table} {{"]
    for chain, hook in (("pre", "prerouting"), ("out", "output")):
        lines += [f"chain {chain} {{ type nat hook {hook} priority -100;", *dnat, "}"]
    lines.append("chain post { type nat hook postrouting priority 100;")
    if net.masquerade:
        lines.append(f'ip saddr {_subnet(bridge)} oifname != "{bridge.name}" masquerade')
    return "\n".join([*lines, "}", "}", ""])


def _nft_destination(port: Publish) -> str:
    if port.host_ip is None or port.host_ip == "0.0.0.0":  # noqa: S104
        return "fib daddr type local ip daddr != 127.0.0.0/8"
    return f"ip daddr {port.host_ip}"


def _subnet(bridge: Bridge) -> str:
    prefix = prefix_of(bridge.address)
    number = int.from_bytes(bytes(int(p) for p in bridge.address.partition("/")[0].split(".")), "big")
    network = number >> (32 - prefix) << (32 - prefix)
    return f"{'.'.join(str(b) for b in network.to_bytes(4, 'big'))}/{prefix}"
