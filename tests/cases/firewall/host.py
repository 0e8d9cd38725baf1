"""A host of a firewall case in the making: what someone did to the healthy one, and the files that tell it."""

import json
from collections.abc import Mapping
from pathlib import Path

from doctor.state.metadata import encode
from doctor.state.network_record import Kept, KeptFamily, KeptRoute
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

    def recorded(
        self, *rules: str, policy: str = "DROP", routes: tuple[KeptRoute, ...] = (), chains: tuple[str, ...] = ()
    ) -> "Host":
        """The last healthy scan kept these rules of DOCKER-USER, and of chains it leads to, this policy and these routes."""
        kept = {name: tuple(rule for rule in rules if rule.split()[1] == name) for name in ("DOCKER-USER", *chains)}
        family = KeptFamily(policy=policy, chains=kept)
        record = Kept(taken=0, families={"4": family}, routes=routes)
        self.files["/var/lib/doctor/metadata/network.json"] = encode(record)
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


def _toml(table: str, entry: Mapping[str, object]) -> str:
    """A table of an array of tables."""
    return f"\n[[{table}]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items())


def _command(argv: tuple[str, ...], stdout: str) -> str:
    return f"\n[[command]]\nargv = {json.dumps(argv)}\nstdout = '''\n{stdout}'''\n"


def _api(path: str, body: object) -> str:
    return f"\n[[api]]\npath = {json.dumps(path)}\nbody = '''{json.dumps(body)}'''\n"
