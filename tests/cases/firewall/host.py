"""A host of a firewall case in the making: the changes of the healthy one, and its files."""

import json
from pathlib import Path

from doctor.host.base import ApiAnswer, CommandResult, Process
from doctor.host.recorded import RecordedAnswers
from doctor.state.metadata import encode
from doctor.state.network_record import KeptFamily, KeptRoute, NetworkBackup
from tests.cases.firewall.networks import (
    API,
    APP,
    CONTAINERS,
    DEFAULT,
    EP_API,
    EP_WEB,
    LINKS,
    NETWORKS,
    ROUTES,
    WEB,
    database,
)
from tests.cases.firewall.rules import SAVE_26


class Host:
    """A case in the making; every method returns the host, so that a case reads as one sentence."""

    def __init__(self, save: str = SAVE_26, version: str = "26.1.5") -> None:
        self.save = save
        self.version = version
        self.commands: dict[str, str] = {}
        self.failures: dict[str, CommandResult] = {}
        # Since 27 the engine creates its chains of IPv6 even if no network has it.
        newer = ["ip6 nat", "ip6 filter"] if int(version.partition(".")[0]) >= 27 else []
        self.tables = ["ip nat", "ip filter", *newer]
        self.files: dict[str, bytes] = {}
        self.special: list[dict[str, str]] = [
            {"path": "/usr/sbin/iptables", "type": "symlink", "target": "/usr/sbin/xtables-nft-multi"},
            {"path": "/var/lib/docker", "type": "dir"},
        ]
        self.networks: list[dict[str, object]] = NETWORKS
        self.containers: list[dict[str, object]] = CONTAINERS
        self.dead = False
        self.firewalld = False

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

    def recorded(
        self, *rules: str, policy: str = "DROP", routes: tuple[KeptRoute, ...] = (), chains: tuple[str, ...] = ()
    ) -> "Host":
        """The last healthy scan kept these rules of DOCKER-USER, and of chains it leads to, this policy and these routes."""
        kept = {name: tuple(rule for rule in rules if rule.split()[1] == name) for name in ("DOCKER-USER", *chains)}
        family = KeptFamily(policy=policy, chains=kept)
        record = NetworkBackup(taken=0, families={"4": family}, routes=routes)
        self.files["/var/lib/doctor/metadata/network.json"] = encode(record)
        return self

    def says(self, argv: str, stdout: str) -> "Host":
        """Add what a command prints."""
        self.commands[argv] = stdout
        return self

    def fails(self, argv: str, stderr: str, code: int) -> "Host":
        """Add a command that fails."""
        self.failures[argv] = CommandResult(code, b"", stderr.encode())
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

    def fill(self, top: Path) -> None:
        """Write its files beneath a directory."""
        for path, data in self.files.items():
            target = top / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def answers(self) -> RecordedAnswers:
        """Return the answers of its commands and its engine."""
        commands = {
            "iptables-save": self.save,
            "nft list tables": "".join(f"table {name}\n" for name in self.tables),
            **self.commands,
            "ip -j -d addr": json.dumps(LINKS),
            "ip -j route show table all": json.dumps(ROUTES),
        }
        processes, api = [_process(1, "/sbin/init")], {}
        if self.firewalld:
            processes.append(_process(7, "/usr/bin/python3", "/usr/sbin/firewalld"))
        if self.dead:
            commands["dockerd --version"] = f"Docker version {self.version}, build 0\n"
        else:
            processes.append(_process(42, "/usr/sbin/dockerd"))
            version = {"Version": self.version, "ApiVersion": "1.45", "MinAPIVersion": "1.24"}
            api = {"/version": version, "/networks": self.networks, "/containers/json": self.containers}
        return RecordedAnswers(
            live=True,
            commands={tuple(line.split()): CommandResult(0, stdout.encode(), b"") for line, stdout in commands.items()}
            | {tuple(line.split()): result for line, result in self.failures.items()},
            engine={path: ApiAnswer(200, json.dumps(body).encode()) for path, body in api.items()},
            processes=tuple(processes),
        )


def _process(pid: int, program: str, *arguments: str) -> Process:
    name = program.rpartition("/")[2]
    return Process(pid=pid, ppid=1, start_ticks=1000, state="S", comm=name, exe=program, argv=(program, *arguments))
