"""The rules of an engine for the layout, in the three ways that engines write them."""

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import BRIDGES, CONTAINERS, HOST, Bridge, Container

STYLES = ("26", "26-legacy", "28", "28-legacy", "29-nft", "none")
_PORTS = [(one, *port) for one in CONTAINERS for port in one.published]


def base_rules(style: str, *, policy: str, hairpin: bool) -> list[Change]:
    """The changes that make an engine's rules for both versions.

    Args:
        style: one of STYLES.
        policy: of the chain FORWARD: ACCEPT or DROP.
        hairpin: whether the engine runs without its proxy.
    """
    if style == "none":
        return []
    if style == "29-nft":
        return [Change(HOST, "nft", "\n".join(_docker_bridges(version, hairpin=hairpin) for version in (4, 6)))]
    backend = "-legacy" if style.endswith("legacy") else ""
    filters = _filter_26 if style.startswith("26") else _filter_28
    found = []
    for version, tool in ((4, "iptables"), (6, "ip6tables")):
        lines = [*_nat(version, hairpin=hairpin, new=style.startswith("28")), *filters(version, policy)]
        found.append(Change(HOST, tool + backend, "\n".join(lines) + "\n"))
    return found


def _local(version: int) -> str:
    return "127.0.0.0/8" if version == 4 else "::1/128"


def _target(address: str, port: int, version: int) -> str:
    return f"{address}:{port}" if version == 4 else f"[{address}]:{port}"


def _one(version: int) -> int:
    return 32 if version == 4 else 128


def _nat(version: int, *, hairpin: bool, new: bool) -> list[str]:
    local = "-m addrtype --dst-type LOCAL -j DOCKER"
    lines = ["*nat", ":DOCKER - [0:0]", f"-A PREROUTING {local}"]
    lines.append(f"-A OUTPUT {local}" if hairpin else f"-A OUTPUT ! -d {_local(version)} {local}")
    for bridge in BRIDGES:
        lines.append(f"-A POSTROUTING -s {bridge.subnet[version]} ! -o {bridge.name} -j MASQUERADE")
        if hairpin:
            lines.append(f"-A POSTROUTING -o {bridge.name} -m addrtype --src-type LOCAL -j MASQUERADE")
        else:
            lines.append(f"-A DOCKER -i {bridge.name} -j RETURN")
    for one, protocol, outer, inner in _PORTS:
        address, inside = one.address[version], "" if hairpin else f"! -i {one.bridge.name} "
        to = _target(address, inner, version)
        lines.append(f"-A DOCKER {inside}-p {protocol} -m {protocol} --dport {outer} -j DNAT --to-destination {to}")
        if hairpin or not new:
            own = f"-s {address}/{_one(version)} -d {address}/{_one(version)}"
            lines.append(f"-A POSTROUTING {own} -p {protocol} -m {protocol} --dport {inner} -j MASQUERADE")
    return [*lines, "COMMIT"]


def _accept_port(one: Container, protocol: str, inner: int, version: int) -> str:
    where = f"-d {one.address[version]}/{_one(version)} ! -i {one.bridge.name} -o {one.bridge.name}"
    return f"-A DOCKER {where} -p {protocol} -m {protocol} --dport {inner} -j ACCEPT"


def _isolation(bridges: tuple[Bridge, ...]) -> list[str]:
    lines = []
    for bridge in bridges:
        lines.append(f"-A DOCKER-ISOLATION-STAGE-1 -i {bridge.name} ! -o {bridge.name} -j DOCKER-ISOLATION-STAGE-2")
        lines.append(f"-A DOCKER-ISOLATION-STAGE-2 -o {bridge.name} -j DROP")
    return lines


_CHAINS = ["DOCKER", "DOCKER-USER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"]


def _filter_26(version: int, policy: str) -> list[str]:
    lines = ["*filter", f":FORWARD {policy} [0:0]", *[f":{chain} - [0:0]" for chain in _CHAINS]]
    lines += ["-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-ISOLATION-STAGE-1"]
    for bridge in reversed(BRIDGES):
        lines.append(f"-A FORWARD -o {bridge.name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
        lines.append(f"-A FORWARD -o {bridge.name} -j DOCKER")
        lines.append(f"-A FORWARD -i {bridge.name} ! -o {bridge.name} -j ACCEPT")
        lines.append(f"-A FORWARD -i {bridge.name} -o {bridge.name} -j ACCEPT")
    lines += [_accept_port(one, protocol, inner, version) for one, protocol, _, inner in _PORTS]
    lines += _isolation(BRIDGES)
    lines += [f"-A {chain} -j RETURN" for chain in _CHAINS[1:]]
    return [*lines, "COMMIT"]


def _filter_28(version: int, policy: str) -> list[str]:
    chains = ["DOCKER-FORWARD", "DOCKER-BRIDGE", "DOCKER-CT", *_CHAINS]
    lines = ["*filter", f":FORWARD {policy} [0:0]", *[f":{chain} - [0:0]" for chain in chains]]
    lines += ["-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-FORWARD"]
    heads = ("DOCKER-CT", "DOCKER-ISOLATION-STAGE-1", "DOCKER-BRIDGE")
    lines += [f"-A DOCKER-FORWARD -j {chain}" for chain in heads]
    lines += [_accept_port(one, protocol, inner, version) for one, protocol, _, inner in _PORTS]
    for bridge in BRIDGES:
        lines.append(f"-A DOCKER-CT -o {bridge.name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
        lines.append(f"-A DOCKER-BRIDGE -o {bridge.name} -j DOCKER")
        lines.append(f"-A DOCKER-FORWARD -i {bridge.name} -j ACCEPT")
        lines.append(f"-A DOCKER ! -i {bridge.name} -o {bridge.name} -j DROP")
    lines += _isolation(BRIDGES)
    lines += ["COMMIT", "*raw"]
    for one in CONTAINERS:
        address = f"{one.address[version]}/{_one(version)}"
        lines.append(f"-A PREROUTING -d {address} ! -i {one.bridge.name} -j DROP")
    return [*lines, "COMMIT"]


def _docker_bridges(version: int, *, hairpin: bool) -> str:
    """The table of engine 29's nftables backend."""
    family = "ip" if version == 4 else "ip6"
    maps, chains = [], []
    for name in ("filter-forward-in", "filter-forward-out", "nat-postrouting-in", "nat-postrouting-out"):
        elements = ", ".join(f'"{bridge.name}" : jump {name}__{bridge.name}' for bridge in BRIDGES)
        maps.append(f"map {name}-jumps {{ type ifname : verdict; elements = {{ {elements} }}; }}")
    for bridge in BRIDGES:
        chains += _bridge_chains(bridge, family, version, hairpin=hairpin)
    local = "" if hairpin else f"{family} daddr != {_local(version)} "
    publish = "\n".join(_publish(family, version, hairpin=hairpin))
    direct = "\n".join(
        f'{family} daddr {one.address[version]} iifname != "{one.bridge.name}" counter drop comment "DROP DIRECT ACCESS"'
        for one in CONTAINERS
    )
    jump = "counter jump nat-prerouting-and-output"
    bases = f"""
chain filter-FORWARD {{ type filter hook forward priority filter; policy accept;
oifname vmap @filter-forward-in-jumps
iifname vmap @filter-forward-out-jumps
}}
chain nat-POSTROUTING {{ type nat hook postrouting priority srcnat; policy accept;
iifname vmap @nat-postrouting-out-jumps
oifname vmap @nat-postrouting-in-jumps
}}
chain nat-PREROUTING {{ type nat hook prerouting priority dstnat; policy accept; fib daddr type local {jump}
}}
chain nat-OUTPUT {{ type nat hook output priority dstnat; policy accept; {local}fib daddr type local {jump}
}}
chain raw-PREROUTING {{ type filter hook prerouting priority raw; policy accept;
{direct}
}}
"""
    middle = f"chain nat-prerouting-and-output {{\n{publish}\n}}\n" + "\n".join(chains)
    # Chains first: a map's element names the chain that it jumps to.
    return f"table {family} docker-bridges {{\n{middle}\n" + "\n".join(maps) + bases + "}\n"


def _publish(family: str, version: int, *, hairpin: bool) -> list[str]:
    lines = []
    for one, protocol, outer, inner in _PORTS:
        inside = "" if hairpin else f'iifname != "{one.bridge.name}" '
        to = _target(one.address[version], inner, version)
        lines.append(f'{inside}{protocol} dport {outer} counter dnat {family} to {to} comment "DNAT"')
    return [line.replace(f"dnat {family} to", "dnat to") for line in lines]


def _bridge_chains(bridge: Bridge, family: str, version: int, *, hairpin: bool) -> list[str]:
    name = bridge.name
    known = "ct state established,related counter accept"
    ports = [
        f"{family} daddr {one.address[version]} {protocol} dport {inner} counter accept"
        for one, protocol, _, inner in _PORTS
        if one.bridge is bridge
    ]
    inward = [known, f'iifname "{name}" counter accept comment "ICC"', *ports]
    inward.append('counter drop comment "UNPUBLISHED PORT DROP"')
    outward = [known, 'counter accept comment "OUTGOING"']
    leave = [f'oifname != "{name}" {family} saddr {bridge.subnet[version]} counter masquerade comment "MASQUERADE"']
    arrive = ['fib saddr type local counter masquerade comment "MASQUERADE FROM HOST"'] if hairpin else []
    made = {
        f"filter-forward-in__{name}": inward,
        f"filter-forward-out__{name}": outward,
        f"nat-postrouting-in__{name}": arrive,
        f"nat-postrouting-out__{name}": leave,
    }
    return ["\n".join([f"chain {chain} {{", *lines, "}"]) for chain, lines in made.items()]
