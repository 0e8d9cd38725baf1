"""Writes the firewall cases: one healthy host, and what someone did to it.

    python -m tests.cases.firewall.make

The host: docker0 with `web` (8080, and 8082 on loopback only), a network `app` with `api` (8081), an internal network.
Rules are as iptables-save of a real dockerd 26.1.5 printed them; those of 28 and 29 follow Moby's own golden files.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from doctor.formats.bolt import Bucket
from doctor.formats.bolt_write import write

HERE = Path(__file__).parent
APP, INNER, DEFAULT = "a" * 12 + "0" * 52, "b" * 12 + "0" * 52, "d" * 12 + "0" * 52
BR, BI = "br-" + "a" * 12, "br-" + "b" * 12
WEB, API = "c" * 63 + "1", "c" * 63 + "2"
EP_WEB, EP_API = "e" * 63 + "1", "e" * 63 + "2"

FILTER_26 = f"""*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -i {BI} -o {BI} -j ACCEPT
-A FORWARD -o {BR} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o {BR} -j DOCKER
-A FORWARD -i {BR} ! -o {BR} -j ACCEPT
-A FORWARD -i {BR} -o {BR} -j ACCEPT
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER -d 10.88.0.2/32 ! -i {BR} -o {BR} -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 ! -s 172.18.0.0/16 -o {BI} -j DROP
-A DOCKER-ISOLATION-STAGE-1 ! -d 172.18.0.0/16 -i {BI} -j DROP
-A DOCKER-ISOLATION-STAGE-1 -i {BR} ! -o {BR} -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o {BR} -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
"""
NAT_26 = f"""*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 10.88.0.0/24 ! -o {BR} -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A POSTROUTING -s 10.88.0.2/32 -d 10.88.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i {BR} -j RETURN
-A DOCKER -i docker0 -j RETURN
-A DOCKER -d 127.0.0.1/32 ! -i docker0 -p tcp -m tcp --dport 8082 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER ! -i {BR} -p tcp -m tcp --dport 8081 -j DNAT --to-destination 10.88.0.2:80
COMMIT
"""
SAVE_26 = FILTER_26 + NAT_26


def _newer(isolation: str) -> str:
    """Engine 28.2 to 29: per-network rules live in chains of their own, direct access is dropped in raw."""
    stage = isolation == "DOCKER-ISOLATION-STAGE-1"
    rules = [
        "*raw", ":PREROUTING ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]",
        "-A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8082 -j DROP",
        "-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP",
        f"-A PREROUTING -d 10.88.0.2/32 ! -i {BR} -j DROP",
        "COMMIT", "*filter", ":INPUT ACCEPT [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]",
        ":DOCKER - [0:0]", ":DOCKER-BRIDGE - [0:0]", ":DOCKER-CT - [0:0]", ":DOCKER-FORWARD - [0:0]",
        f":{isolation} - [0:0]", *([":DOCKER-ISOLATION-STAGE-2 - [0:0]"] if stage else []), ":DOCKER-USER - [0:0]",
        "-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-FORWARD",
        f"-A DOCKER -d 10.88.0.2/32 ! -i {BR} -o {BR} -p tcp -m tcp --dport 80 -j ACCEPT",
        "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
        "-A DOCKER ! -i docker0 -o docker0 -j DROP", f"-A DOCKER ! -i {BR} -o {BR} -j DROP",
        "-A DOCKER-BRIDGE -o docker0 -j DOCKER", f"-A DOCKER-BRIDGE -o {BR} -j DOCKER",
        "-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        f"-A DOCKER-CT -o {BR} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-A DOCKER-FORWARD -j DOCKER-CT", f"-A DOCKER-FORWARD -j {isolation}", "-A DOCKER-FORWARD -j DOCKER-BRIDGE",
        "-A DOCKER-FORWARD -i docker0 -j ACCEPT", f"-A DOCKER-FORWARD -i {BR} -j ACCEPT",
        f"-A DOCKER-FORWARD -i {BI} -o {BI} -j ACCEPT",
        f"-A {isolation} ! -s 172.18.0.0/16 -o {BI} -j DROP", f"-A {isolation} ! -d 172.18.0.0/16 -i {BI} -j DROP",
    ]  # fmt: skip
    if stage:
        rules += [
            f"-A {isolation} -i {BR} ! -o {BR} -j DOCKER-ISOLATION-STAGE-2",
            f"-A {isolation} -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2",
            f"-A DOCKER-ISOLATION-STAGE-2 -o {BR} -j DROP",
            "-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP",
            "-A DOCKER-USER -j RETURN",
        ]
    nat = [line for line in NAT_26.splitlines() if "-s 172.17.0.2/32" not in line and "-s 10.88.0.2/32" not in line]
    if not stage:
        nat = [line for line in nat if not line.endswith("-j RETURN")]
    return "\n".join([*rules, "COMMIT", *nat]) + "\n"


SAVE_28, SAVE_29 = _newer("DOCKER-ISOLATION-STAGE-1"), _newer("DOCKER-INTERNAL")


def network(
    identity: str, name: str, subnet: str, options: dict[str, str] | None = None, *, internal: bool = False
) -> dict[str, object]:
    return {
        "Name": name, "Id": identity, "Created": f"2026-01-02T00:00:0{'dab'.index(identity[0])}Z", "Scope": "local",
        "Driver": "bridge", "EnableIPv6": False, "Internal": internal,
        "IPAM": {"Config": [{"Subnet": subnet, "Gateway": subnet.rpartition(".")[0] + ".1"}]},
        "Options": {f"com.docker.network.bridge.{key}": value for key, value in (options or {}).items()},
    }  # fmt: skip


NETWORKS = [
    network(DEFAULT, "bridge", "172.17.0.0/16", {"name": "docker0", "default_bridge": "true"}),
    network(APP, "app", "10.88.0.0/24"),
    network(INNER, "inner", "172.18.0.0/16", internal=True),
]


def container(
    identity: str, name: str, place: tuple[str, str, str], ports: list[tuple[str, int, int]]
) -> dict[str, object]:
    net, net_id, ip = place
    return {
        "Id": identity, "Names": [f"/{name}"], "State": "running", "HostConfig": {"NetworkMode": net},
        "Ports": [{"IP": host, "PublicPort": public, "PrivatePort": inner, "Type": "tcp"} for host, public, inner in ports],
        "NetworkSettings": {"Networks": {net: {"NetworkID": net_id, "EndpointID": "e" * 63 + identity[-1], "IPAddress": ip}}},
    }  # fmt: skip


CONTAINERS = [
    container(WEB, "web", ("bridge", DEFAULT, "172.17.0.2"), [("127.0.0.1", 8082, 80), ("0.0.0.0", 8080, 80)]),
    container(API, "api", ("app", APP, "10.88.0.2"), [("0.0.0.0", 8081, 80)]),
]


class Host:
    """A case in the making; every method returns the host, so that a case reads as one sentence."""

    def __init__(self, save: str = SAVE_26, version: str = "26.1.5") -> None:
        self.save = save
        self.version = version
        self.commands: dict[tuple[str, ...], tuple[str, int]] = {}
        self.tables = ["ip nat", "ip filter"]
        self.files: dict[str, bytes] = {}
        self.special: list[dict[str, str]] = [
            {"path": "/usr/sbin/iptables", "type": "symlink", "target": "/usr/sbin/xtables-nft-multi"},
            {"path": "/var/lib/docker", "type": "dir"},
        ]
        self.networks: list[dict[str, object]] = NETWORKS
        self.containers: list[dict[str, object]] = CONTAINERS
        self.dead = False

    def without(self, *parts: str) -> "Host":
        """Take out every line that holds one of the parts."""
        self.save = "".join(line for line in self.save.splitlines(True) if not any(part in line for part in parts))
        return self

    def put(self, line: str, before: str) -> "Host":
        """Put a rule above the first line that holds ``before``."""
        lines = self.save.splitlines(True)
        place = next(number for number, text in enumerate(lines) if before in text)
        lines.insert(place, line + "\n")
        self.save = "".join(lines)
        return self

    def replace(self, old: str, new: str) -> "Host":
        """Replace text of the saved rules."""
        self.save = self.save.replace(old, new)
        return self

    def file(self, path: str, text: str) -> "Host":
        """Add a file."""
        self.files[path] = text.encode()
        return self

    def link(self, path: str, target: str) -> "Host":
        """Add a symbolic link, or lead one elsewhere."""
        self.special = [entry for entry in self.special if entry["path"] != path]
        self.special.append({"path": path, "type": "symlink", "target": target})
        return self

    def says(self, argv: str, stdout: str) -> "Host":
        """Add what a command prints."""
        self.commands[tuple(argv.split())] = (stdout, 0)
        return self

    def both_backends(self, legacy: str, *, use: str = "nft") -> "Host":
        """Programs of both backends are installed, and the kernel has legacy tables."""
        self.link("/usr/sbin/iptables", "/etc/alternatives/iptables")
        for name in ("iptables", "iptables-save", "iptables-restore"):
            program = name.replace("iptables", f"iptables-{use}")
            self.link(f"/etc/alternatives/{name}", f"/usr/sbin/{program}")
        for kind in ("nft", "legacy"):
            for name in (f"iptables-{kind}", f"iptables-{kind}-save", f"iptables-{kind}-restore"):
                self.link(f"/usr/sbin/{name}", f"/usr/sbin/xtables-{kind}-multi")
        self.file("/proc/net/ip_tables_names", "filter\n")
        self.says("iptables-nft-save", self.save)
        return self.says("iptables-legacy-save", legacy)

    def engine_dead(self, *, containers_live: bool) -> "Host":
        """No engine answers; its networks are read from its database, its containers from their files."""
        self.dead = True
        self.files["/var/lib/docker/network/files/local-kv.db"] = database()
        self.file("/usr/sbin/dockerd", "")
        for identity, name, pid, net, net_id, ip, endpoint in (
            (WEB, "web", 101, "bridge", DEFAULT, "172.17.0.2", EP_WEB),
            (API, "api", 102, "app", APP, "10.88.0.2", EP_API),
        ):
            state = {"Running": True, "Pid": pid, "StartedAt": f"2026-01-02T00:01:0{pid - 100}Z"}
            settings = {"Networks": {net: {"NetworkID": net_id, "EndpointID": endpoint, "IPAddress": ip}}}
            config = {"ID": identity, "Name": f"/{name}", "State": state, "NetworkSettings": settings}
            self.file(f"/var/lib/docker/containers/{identity}/config.v2.json", json.dumps(config))
            self.file(f"/var/lib/docker/containers/{identity}/hostconfig.json", json.dumps({"NetworkMode": net}))
            owner = identity if containers_live else "f" * 64
            self.file(f"/proc/{pid}/cgroup", f"0::/docker/{owner}\n")
        return self

    def write(self, folder: Path, case: str) -> None:
        """Write case.toml, answers.toml, the save file and the host tree."""
        folder.mkdir(parents=True)
        (folder / "case.toml").write_text(case + "".join(_toml("file", entry) for entry in self.special))
        for path, data in self.files.items():
            target = folder / "host" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        answers = ["live = true\n", _toml("process", {"pid": 1, "argv": ["/sbin/init"], "exe": "/sbin/init"})]
        (folder / "iptables-save.txt").write_text(self.save)
        answers.append(_toml("command", {"argv": ["iptables-save"], "stdout_file": "iptables-save.txt"}))
        answers.append(_command(("nft", "list", "tables"), "".join(f"table {name}\n" for name in self.tables)))
        answers += [_command(argv, stdout) for argv, (stdout, _) in self.commands.items()]
        answers += [
            _command(("ip", "-j", "-d", "addr"), json.dumps(LINKS)),
            _command(("ip", "-j", "route", "show", "table", "all"), json.dumps(ROUTES)),
        ]
        if self.dead:
            answers.append(_command(("dockerd", "--version"), f"Docker version {self.version}, build 0\n"))
        else:
            process = {"pid": 42, "argv": ["/usr/sbin/dockerd"], "exe": "/usr/sbin/dockerd"}
            version = {"Version": self.version, "ApiVersion": "1.45", "MinAPIVersion": "1.24"}
            answers.append(_toml("process", process))
            answers += [
                _api("/version", version), _api("/networks", self.networks), _api("/containers/json", self.containers)
            ]  # fmt: skip
        (folder / "answers.toml").write_text("\n".join(answers))


def _link(number: int, name: str, kind: str, address: str) -> dict[str, object]:
    found: dict[str, object] = {
        "ifindex": number, "ifname": name, "flags": ["BROADCAST", "UP", "LOWER_UP"], "mtu": 1500, "operstate": "UP",
        "addr_info": [{"family": "inet", "local": address.partition("/")[0], "prefixlen": int(address.partition("/")[2])}],
    }  # fmt: skip
    return found | ({"linkinfo": {"info_kind": kind}} if kind else {})


LINKS = [
    _link(2, "eth0", "", "198.51.100.1/24"), _link(3, "docker0", "bridge", "172.17.0.1/16"),
    _link(4, BR, "bridge", "10.88.0.1/24"), _link(5, BI, "bridge", "172.18.0.1/16"),
]  # fmt: skip
ROUTES = [
    {"dst": "default", "gateway": "198.51.100.2", "dev": "eth0", "flags": []},
    {"dst": "198.51.100.0/24", "dev": "eth0", "flags": []}, {"dst": "172.17.0.0/16", "dev": "docker0", "flags": []},
    {"dst": "10.88.0.0/24", "dev": BR, "flags": []}, {"dst": "172.18.0.0/16", "dev": BI, "flags": []},
]  # fmt: skip


def database() -> bytes:
    """The network database of the host, as the engine's bridge driver writes it."""
    root = Bucket()
    bucket = root.buckets[b"libnetwork"] = Bucket()

    def put(kind: str, identity: str, record: dict[str, object]) -> None:
        key = f"docker/network/v1.0/{kind}/{identity}/".encode()
        bucket.keys[key] = b"\1\0\0\0\0\0\0\0" + json.dumps(record).encode()

    for identity, name, bridge, address, internal in (
        (DEFAULT, "bridge", "docker0", "172.17.0.1/16", False),
        (APP, "app", BR, "10.88.0.1/24", False),
        (INNER, "inner", BI, "172.18.0.1/16", True),
    ):
        created = f"2026-01-02T00:00:0{'dab'.index(identity[0])}Z"
        put("network", identity, {"id": identity, "name": name, "networkType": "bridge", "created": created})
        record = {
            "ID": identity, "BridgeName": bridge, "AddressIPv4": address, "Internal": internal, "EnableICC": True,
            "EnableIPMasquerade": True, "DefaultBridge": name == "bridge",
        }  # fmt: skip
        put("bridge", identity, record)
    for identity, net, ip, ports in (
        (EP_WEB, DEFAULT, "172.17.0.2", [("127.0.0.1", 8082), ("0.0.0.0", 8080)]),
        (EP_API, APP, "10.88.0.2", [("0.0.0.0", 8081)]),
    ):
        mapping = [{"Proto": 6, "IP": ip, "Port": 80, "HostIP": host, "HostPort": port} for host, port in ports]
        put("bridge-endpoint", identity, {"id": identity, "nid": net, "Addr": f"{ip}/24", "PortMapping": mapping})
    return write(root, page_size=1024)


def _toml(table: str, entry: dict[str, object] | dict[str, str]) -> str:
    return f"\n[[{table}]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items())


def _command(argv: tuple[str, ...], stdout: str) -> str:
    return f"\n[[command]]\nargv = {json.dumps(argv)}\nstdout = '''\n{stdout}'''\n"


def _api(path: str, body: object) -> str:
    return f"\n[[api]]\npath = {json.dumps(path)}\nbody = '''{json.dumps(body)}'''\n"


def make(
    check: str, name: str, about: str, host: Host, *subjects: tuple[str, str], fix: str = "", also: str = ""
) -> None:
    """Write a case; ``also`` names another check that finds the same subjects."""
    lines = [f"about = {json.dumps(about)}\n"]
    for identity in (check, *([also] if also else [])):
        lines += [
            f'\n[[finding]]\nid = "firewall/{identity}"\nsubject = {json.dumps(subject)}\n' for subject in subjects
        ]
    if fix:
        lines.append(f'\n[expect]\nfix = "{fix}"\n')
    host.write(HERE / check / name, "".join(lines))


def nft(family: str, table: str, hook: str, policy: str, *rules: list[dict[str, object]]) -> str:
    """What ``nft -j list table`` prints of a table with one base chain."""
    chain = {
        "family": family, "table": table, "name": "forward", "handle": 1, "type": "filter", "hook": hook, "prio": 10,
        "policy": policy,
    }  # fmt: skip
    listed: list[dict[str, object]] = [
        {"metainfo": {"version": "1.1.3", "json_schema_version": 1}},
        {"table": {"family": family, "name": table, "handle": 1}}, {"chain": chain},
    ]  # fmt: skip
    for number, expressions in enumerate(rules, start=2):
        rule = {"family": family, "table": table, "chain": "forward", "handle": number, "expr": expressions}
        listed.append({"rule": rule})
    return json.dumps({"nftables": listed})


ESTABLISHED: list[dict[str, object]] = [
    {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}, {"accept": None}
]  # fmt: skip
ACCEPT_BRIDGES: list[dict[str, object]] = [
    {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": {"set": ["docker0", BR]}}}, {"accept": None}
]  # fmt: skip
ACCEPT_DNAT: list[dict[str, object]] = [
    {"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}, {"accept": None}
]  # fmt: skip


def foreign(listed: str, table: str, save: str = SAVE_26) -> Host:
    host = Host(save)
    host.tables.append(table)
    return host.says(f"nft -j list table {table}", listed)


def flushes() -> None:
    check = "rules-flushed"
    make(check, "healthy", "a healthy host of engine 26", Host())
    make(check, "healthy-engine-28", "a healthy host of engine 28.5", Host(SAVE_28, "28.5.2"))
    make(check, "healthy-engine-29", "a healthy host of engine 29 with iptables", Host(SAVE_29, "29.1.3"))
    spelled = Host().replace(
        "-p tcp -m tcp --dport 80 -j ACCEPT", "-p tcp -m conntrack --ctstate NEW -m tcp --dport 80 -j ACCEPT"
    )
    spelled.save = SAVE_26.replace(" -p tcp -m tcp --dport 8081 ", " -p 6 -m tcp --dport 8081:8081 ")
    make(check, "healthy-other-spelling", "an older iptables spells a rule in another way", spelled)
    rules = [line for line in SAVE_26.splitlines() if not line.startswith("-A")]
    chains = "\n".join(rules) + "\n"
    filter_only = chains[: chains.index("*nat")] + NAT_26
    make(check, "filter", "a firewall script ran 'iptables -F'", Host(filter_only), ("firewall", "filter"))
    nat_only = FILTER_26 + chains[chains.index("*nat") :]
    make(check, "nat", "a firewall script ran 'iptables -t nat -F'", Host(nat_only), ("firewall", "nat"))
    gone = Host("")
    gone.tables = ["inet filter"]
    gone.says("nft -j list table inet filter", nft("inet", "filter", "input", "accept"))
    make(
        check,
        "nft-flush-ruleset",
        "the nftables service was restarted, its file flushes everything",
        gone,
        ("firewall", "all"),
    )
    make(
        check, "forward-chain", "someone flushed FORWARD and put a rule of his own there",
        Host().without("-A FORWARD").put("-A FORWARD -i eth9 -j ACCEPT", "-A DOCKER -d 172"), ("firewall", "filter FORWARD"),
    )  # fmt: skip
    make(
        check, "engine-28", "'iptables -F' under engine 28",
        Host("".join(line for line in SAVE_28.splitlines(True) if not line.startswith("-A") or line in NAT_26 or "PREROUTING" in line), "28.5.2"),
        ("firewall", "filter"),
    )  # fmt: skip
    dead = Host("").engine_dead(containers_live=True)
    dead.tables = []
    make(
        check,
        "engine-dead",
        "everything was flushed while dockerd was dead and containers ran on",
        dead,
        ("firewall", "all"),
    )
    idle = Host("").engine_dead(containers_live=False)
    idle.tables = []
    make(
        check,
        "idle",
        "after a boot: no engine yet, and other processes have the containers' old pids",
        idle,
        ("firewall", "all"),
        fix="none",
    )


def single_rules() -> None:
    rows: list[tuple[str, str, str, list[str], list[tuple[str, str]]]] = [
        ("masquerade-missing", "deleted", "someone deleted one MASQUERADE", ["-s 10.88.0.0/24 ! -o"], [("network", "app")]),
        ("dnat-missing", "deleted", "someone deleted one DNAT", ["--dport 8081"], [("port", "api 0.0.0.0:8081->80/tcp")]),
        ("nat-jump-missing", "prerouting", "the jump in PREROUTING was deleted", ["-A PREROUTING"], [("firewall", "nat PREROUTING")]),
        ("port-accept-missing", "deleted", "someone deleted the accept of one port", ["-A DOCKER -d 172.17.0.2"], [("port", "web 127.0.0.1:8082->80/tcp")]),
        ("established-missing", "deleted", "the rule for answers of one bridge was deleted", [f"-A FORWARD -o {BR} -m conntrack"], [("network", "app")]),
        ("outbound-accept-missing", "deleted", "the rule for outgoing packets of docker0 was deleted", ["-A FORWARD -i docker0 ! -o"], [("network", "bridge")]),
        ("icc-accept-missing", "deleted", "the rule between containers of docker0 was deleted", ["-A FORWARD -i docker0 -o docker0"], [("network", "bridge")]),
        ("docker-jump-missing", "deleted", "the jump of one bridge to chain DOCKER was deleted", [f"-A FORWARD -o {BR} -j DOCKER"], [("network", "app")]),
        ("isolation-missing", "internal", "half of what closes an internal network was deleted", ["! -d 172.18.0.0/16"], [("network", "inner")]),
        ("docker-user-missing", "jump-deleted", "the jump to DOCKER-USER was deleted", ["-A FORWARD -j DOCKER-USER"], [("firewall", "DOCKER-USER")]),
        ("docker-user-missing", "chain-deleted", "dockerd came back after a flush with live-restore: all is there but DOCKER-USER", ["DOCKER-USER"], [("firewall", "DOCKER-USER")]),
        ("rule-missing", "hairpin", "the rule for a container's own port was deleted", ["-s 10.88.0.2/32"], [("port", "api 0.0.0.0:8081->80/tcp")]),
    ]  # fmt: skip
    for check, name, about, parts, subjects in rows:
        make(check, name, about, Host().without(*parts), *subjects)
        if not (HERE / check / "healthy").exists():
            make(check, "healthy", "a healthy host of engine 26", Host())
    apart = [network(APP, "app", "10.88.0.0/24", {"enable_icc": "false"}), NETWORKS[0], NETWORKS[2]]
    open_icc = Host().without(f"-A FORWARD -i {BR} -o {BR}")
    open_icc.networks = apart
    make(
        "icc-drop-missing", "deleted", "the rule that keeps containers apart was deleted", open_icc, ("network", "app")
    )
    kept = Host().without(f"-A FORWARD -i {BR} -o {BR}")
    kept.put(f"-A FORWARD -i {BR} -o {BR} -j DROP", "-A DOCKER -d 172.17")
    kept.networks = apart
    make("icc-drop-missing", "healthy", "a network with icc off has its drop at the end", kept)
    make(
        "docker-user-missing", "healthy-own-rules", "an administrator flushed DOCKER-USER and wrote a policy without a final RETURN",
        Host().without("-A DOCKER-USER -j RETURN").put("-A DOCKER-USER -s 203.0.113.0/24 -j DROP", "COMMIT"),
    )  # fmt: skip
    make(
        "rule-missing", "raw-engine-29", "the guard against direct access was deleted under engine 29",
        Host(SAVE_29, "29.1.3").without("-A PREROUTING -d 10.88.0.2/32"), ("network", "app"),
    )  # fmt: skip
    make(
        "docker-jump-missing", "engine-29", "the jump to DOCKER-FORWARD was deleted under engine 29",
        Host(SAVE_29, "29.1.3").without("-A FORWARD -j DOCKER-FORWARD"), ("firewall", "filter FORWARD"),
    )  # fmt: skip


def foreign_rules() -> None:
    reject = "-A FORWARD -j REJECT --reject-with icmp-host-prohibited"
    make(
        "foreign-reject-first",
        "rhel-reject",
        "an old iptables service loaded its final REJECT above Docker's rules",
        Host().put(reject, "-A FORWARD -j DOCKER-USER"),
        ("rule", f"filter {reject}"),
    )
    make(
        "foreign-reject-first",
        "healthy-reject-last",
        "the same REJECT below Docker's rules harms nothing",
        Host().put(reject, "-A DOCKER -d 172.17"),
    )
    ufw = Host().put("-A FORWARD -j ufw-reject-forward", "-A FORWARD -j DOCKER-USER")
    ufw.put(":ufw-reject-forward - [0:0]", "-A FORWARD -j ufw").put(
        "-A ufw-reject-forward -j REJECT --reject-with icmp-port-unreachable", "COMMIT"
    )
    make(
        "foreign-reject-first",
        "ufw",
        "ufw was reloaded after dockerd had started",
        ufw,
        ("rule", "filter -A FORWARD -j ufw-reject-forward"),
    )
    narrow = Host().put("-A FORWARD -s 203.0.113.7/32 -j DROP", "-A FORWARD -j DOCKER-USER")
    narrow.put("-A FORWARD -m set --match-set banned src -j DROP", "-A FORWARD -s 203").put(
        "-A FORWARD -p tcp -m tcp --dport 25 -j DROP", "-A FORWARD -s 203"
    )
    make(
        "foreign-reject-first",
        "healthy-narrow-drops",
        "bans of single addresses and ports stand above Docker's rules",
        narrow,
    )
    make(
        "docker-jump-shadowed",
        "drop-between",
        "someone put a DROP between Docker's rules",
        Host().put("-A FORWARD -j DROP", f"-A FORWARD -o {BR} -m"),
        ("rule", "filter -A FORWARD -j DROP"),
    )
    make(
        "docker-jump-shadowed",
        "user-too-late",
        "DOCKER-USER was re-added at the end",
        Host().without("-A FORWARD -j DOCKER-USER").put("-A FORWARD -j DOCKER-USER", "-A DOCKER -d 172.17"),
        ("rule", "filter -A FORWARD -j DOCKER-USER"),
    )
    make("docker-jump-shadowed", "healthy", "a healthy host of engine 28", Host(SAVE_28, "28.5.2"))
    make(
        "docker-user-drops",
        "drop-all",
        "an administrator closed DOCKER-USER for everything",
        Host().put("-A DOCKER-USER -j DROP", "-A DOCKER-USER -j RETURN"),
        ("rule", "filter -A DOCKER-USER -j DROP"),
        fix="manual",
    )
    make(
        "docker-user-drops",
        "healthy-policy",
        "only one outside network may reach published ports",
        Host().put("-A DOCKER-USER ! -s 203.0.113.0/24 -i eth9 -j DROP", "-A DOCKER-USER -j RETURN"),
    )
    make(
        "isolation-bypassed",
        "return-first",
        "a RETURN was put first into the isolation chain",
        Host().put("-A DOCKER-ISOLATION-STAGE-1 -j RETURN", "-A DOCKER-ISOLATION-STAGE-1 ! -s"),
        ("rule", "filter -A DOCKER-ISOLATION-STAGE-1 -j RETURN"),
    )
    make("isolation-bypassed", "healthy", "a healthy host of engine 26", Host())
    make(
        "isolation-drops-all",
        "drop-first",
        "a DROP was put first into the second isolation chain",
        Host().put("-A DOCKER-ISOLATION-STAGE-2 -j DROP", f"-A DOCKER-ISOLATION-STAGE-2 -o {BR}"),
        ("rule", "filter -A DOCKER-ISOLATION-STAGE-2 -j DROP"),
    )
    make("isolation-drops-all", "healthy", "a healthy host of engine 26", Host())
    make(
        "nat-postrouting-shadowed",
        "accept-first",
        "a VPN script exempts everything from translation",
        Host().put("-A POSTROUTING -o eth0 -j ACCEPT", "-A POSTROUTING -s 10.88.0.0/24 !"),
        ("rule", "nat -A POSTROUTING -o eth0 -j ACCEPT"),
    )
    make(
        "nat-postrouting-shadowed",
        "healthy-other-interface",
        "a VPN script exempts its own interface",
        Host().put("-A POSTROUTING -o tun0 -j ACCEPT", "-A POSTROUTING -s 10.88.0.0/24 !"),
    )
    redirect = "-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 3128"
    make(
        "nat-hijack",
        "redirect",
        "a proxy takes port 8080",
        Host().put(redirect, "-A PREROUTING -m addrtype"),
        ("port", "web 0.0.0.0:8080->80/tcp"),
        fix="none",
    )
    make(
        "nat-hijack",
        "healthy-other-port",
        "a proxy takes another port",
        Host().put(redirect.replace("8080", "3000"), "-A PREROUTING -m addrtype"),
    )
    stale = "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.9:80"
    make(
        "dnat-stale",
        "loaded-from-file",
        "a saved rule file brought back the port of a dead container",
        Host().put(stale, "-A DOCKER -d 127.0.0.1/32"),
        ("rule", f"nat {stale}"),
    )
    make(
        "dnat-stale",
        "healthy-own-dnat",
        "an administrator's own DNAT stands in Docker's chain",
        Host().put(
            "-A DOCKER -p tcp -m tcp --dport 2222 -j DNAT --to-destination 192.0.2.7:22", "-A DOCKER -d 127.0.0.1/32"
        ),
    )
    drop = nft("inet", "fw", "forward", "drop", ESTABLISHED)
    make(
        "foreign-base-chain-drop",
        "policy-drop",
        "a table of nft forwards nothing that it does not know",
        foreign(drop, "inet fw"),
        ("nft-chain", "inet fw forward"),
    )
    kind = nft("inet", "fw", "forward", "drop", ESTABLISHED, ACCEPT_BRIDGES, ACCEPT_DNAT)
    make(
        "foreign-base-chain-drop",
        "healthy-accepts",
        "the same table with accepts for containers",
        foreign(kind, "inet fw"),
    )
    unsure = nft(
        "inet",
        "fw",
        "forward",
        "drop",
        [
            {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@trusted"}},
            {"accept": None},
        ],
    )
    make(
        "foreign-base-chain-drop",
        "healthy-unknown-set",
        "whether a set holds the containers can't be seen: no finding",
        foreign(unsure, "inet fw"),
    )
    zone = nft(
        "inet",
        "firewalld",
        "forward",
        "accept",
        ESTABLISHED,
        ACCEPT_DNAT,
        [{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}],
    )
    make(
        "firewalld-no-docker-zone",
        "unknown-bridge",
        "firewalld was installed after docker",
        foreign(zone, "inet firewalld"),
        ("network", "bridge"),
        ("network", "app"),
        fix="manual",
    )
    known = nft(
        "inet",
        "firewalld",
        "forward",
        "accept",
        ESTABLISHED,
        ACCEPT_DNAT,
        ACCEPT_BRIDGES,
        [{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}],
    )
    make(
        "firewalld-no-docker-zone",
        "healthy-zone",
        "firewalld knows Docker's bridges",
        foreign(known, "inet firewalld").file(
            "/etc/firewalld/zones/docker.xml", '<zone target="ACCEPT"><interface name="docker0"/></zone>\n'
        ),
    )
    make(
        "bridge-family-drop",
        "policy-drop",
        "a table of family bridge forwards no frame",
        foreign(nft("bridge", "bf", "forward", "drop"), "bridge bf"),
        ("nft-chain", "bridge bf forward"),
        fix="none",
    )
    make(
        "bridge-family-drop",
        "healthy-accept",
        "a table of family bridge with the policy accept",
        foreign(nft("bridge", "bf", "forward", "accept"), "bridge bf"),
    )


def backends_and_files() -> None:
    empty = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
    make(
        "mixed-backends",
        "legacy-policy-drop",
        "an old script set the policy in the other backend",
        Host().both_backends(empty.replace("FORWARD ACCEPT", "FORWARD DROP")),
        ("firewall", "iptables-legacy"),
    )
    left = FILTER_26.replace("FORWARD DROP", "FORWARD ACCEPT")
    make(
        "mixed-backends",
        "leftovers",
        "docker was restarted after the switch to nft; its old rules stay in legacy",
        Host().both_backends(left),
        ("firewall", "iptables-legacy"),
    )
    make(
        "mixed-backends",
        "others-rules",
        "something else still uses the legacy backend and drops",
        Host().both_backends(empty.replace("COMMIT", "-A FORWARD -i docker0 -j DROP\nCOMMIT")),
        ("firewall", "iptables-legacy"),
        fix="manual",
    )
    make(
        "mixed-backends", "healthy-empty-tables", "a mere listing made empty legacy tables", Host().both_backends(empty)
    )
    make(
        "alternatives-switched",
        "to-legacy",
        "update-alternatives switched iptables under a running dockerd",
        Host().both_backends(empty, use="legacy"),
        ("command", "iptables"),
    )
    make(
        "alternatives-switched",
        "healthy",
        "both backends are installed, the command uses the right one",
        Host().both_backends(empty),
    )
    bare = Host()
    bare.special = [entry for entry in bare.special if entry["path"] != "/usr/sbin/iptables"]
    make("iptables-missing", "removed", "the package iptables was removed", bare, ("command", "iptables"), fix="manual")
    make("iptables-missing", "healthy", "a healthy host of engine 26", Host())
    off = '{"iptables": false}\n'
    chains = "".join(line for line in SAVE_26.splitlines(True) if not line.startswith("-A") and "DOCKER" not in line)
    make(
        "iptables-false",
        "no-nat",
        "dockerd may make no rules and nobody else does",
        Host(chains).file("/etc/docker/daemon.json", off),
        ("setting", "iptables"),
        fix="manual",
    )
    make(
        "iptables-false",
        "until-reboot",
        "dockerd may make no rules since its last start; older ones still work",
        Host().file("/etc/docker/daemon.json", off),
        ("setting", "iptables"),
        fix="manual",
    )
    own = Host(
        chains.replace(
            ":POSTROUTING ACCEPT [0:0]\n", ":POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o eth0 -j MASQUERADE\n"
        )
    )
    make(
        "iptables-false",
        "healthy-own-nat",
        "an administrator masquerades everything himself",
        own.file("/etc/docker/daemon.json", off),
    )
    make(
        "forward-policy-accept",
        "engine-26",
        "the host forwarded before dockerd started",
        Host().replace(":FORWARD DROP", ":FORWARD ACCEPT"),
        ("firewall", "iptables FORWARD"),
        fix="none",
    )
    make(
        "forward-policy-accept",
        "healthy-engine-28",
        "engine 28 drops by rules of its own",
        Host(SAVE_28, "28.5.2").replace(":FORWARD DROP", ":FORWARD ACCEPT"),
    )
    both = Host(
        SAVE_26.replace(":DOCKER-USER - [0:0]\n", ":DOCKER-USER - [0:0]\n:DOCKER-FORWARD - [0:0]\n").replace(
            "-A DOCKER-USER -j RETURN\n", "-A DOCKER-USER -j RETURN\n-A DOCKER-FORWARD -i docker0 -j ACCEPT\n"
        )
    )
    make(
        "rules-of-another-engine",
        "downgraded",
        "engine 28 was replaced by 26",
        both,
        ("firewall", "filter"),
        fix="manual",
    )
    make("rules-of-another-engine", "healthy", "a healthy host of engine 29", Host(SAVE_29, "29.1.3"))
    saved = SAVE_26.replace(
        "COMMIT\n*nat",
        "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A DOCKER-USER -s 203.0.113.0/24 -j DROP\nCOMMIT\n*nat",
    )
    persistent = (
        Host()
        .file("/etc/iptables/rules.v4", saved)
        .link(
            "/etc/systemd/system/multi-user.target.wants/netfilter-persistent.service",
            "/lib/systemd/system/netfilter-persistent.service",
        )
    )
    make(
        "saved-docker-rules",
        "iptables-persistent",
        "iptables-save was run into the file for the next boot",
        persistent,
        ("file", "/etc/iptables/rules.v4"),
    )
    make(
        "saved-docker-rules",
        "healthy-own-rules",
        "the file holds an administrator's own rules",
        Host().file(
            "/etc/iptables/rules.v4",
            "*filter\n:INPUT DROP [0:0]\n:DOCKER-USER - [0:0]\n-A DOCKER-USER -s 203.0.113.0/24 -j DROP\nCOMMIT\n",
        ),
    )
    conf = "#!/usr/sbin/nft -f\n\nflush ruleset\n\ntable inet filter {\n}\n"
    enabled = (
        Host()
        .file("/etc/nftables.conf", conf)
        .link("/etc/systemd/system/sysinit.target.wants/nftables.service", "/lib/systemd/system/nftables.service")
    )
    make(
        "nftables-service-flushes",
        "debian",
        "Debian's stock nftables.conf, and the service was enabled",
        enabled,
        ("file", "/etc/nftables.conf"),
        fix="manual",
    )
    make(
        "nftables-service-flushes",
        "healthy-disabled",
        "Debian's stock nftables.conf, the service as installed",
        Host().file("/etc/nftables.conf", conf),
    )
    make(
        "ufw-bypassed",
        "enabled",
        "ufw is on and ports are published",
        Host().file("/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n"),
        ("service", "ufw"),
        fix="none",
    )
    make("ufw-bypassed", "healthy-off", "ufw is installed and off", Host().file("/etc/ufw/ufw.conf", "ENABLED=no\n"))
    backend = '{"firewall-backend": "nftables"}\n'
    gone = Host("", "29.1.3").file("/etc/docker/daemon.json", backend)
    gone.tables = ["inet filter"]
    gone.says("nft -j list table inet filter", nft("inet", "filter", "input", "accept"))
    make(
        "engine-table-missing",
        "flushed",
        "'nft flush ruleset' under an engine with nftables",
        gone,
        ("nft-table", "ip docker-bridges"),
    )
    there = Host("", "29.1.3").file("/etc/docker/daemon.json", backend)
    there.tables = ["ip docker-bridges", "ip6 docker-bridges"]
    make("engine-table-missing", "healthy", "an engine with nftables", there)


def main() -> None:
    """Make every case anew."""
    for folder in HERE.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    stories: tuple[Callable[[], None], ...] = (flushes, single_rules, foreign_rules, backends_and_files)
    for story in stories:
        story()


if __name__ == "__main__":
    main()
