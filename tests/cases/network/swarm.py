"""Swarm nodes: rules that drop packets of other nodes, a VXLAN port in use, an MTU that does not fit. Seen with two nodes of 26.1."""

import json
from dataclasses import dataclass, field
from typing import Any

from doctor.host.base import ApiAnswer, Process
from doctor.host.recorded import RecordedAnswers
from tests.cases.case import Case
from tests.cases.firewall.host import Host
from tests.cases.firewall.networks import NETWORKS
from tests.cases.firewall.nft import ESTABLISHED, foreign, nft

DROPPED, HELD, MTU = "swarm-port-dropped", "vxlan-port-in-use", "overlay-mtu-too-big"
OWN, PEER = "198.51.100.1", "198.51.100.7"
UDP = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"
SOCKET = "    7: 00000000:12B5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0 0\n"
INPUT = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"


def overlay(name: str, options: dict[str, str] | None = None, *, peers: bool = True) -> dict[str, Any]:
    """An overlay network as the engine of a worker shows it."""
    others = [{"Name": "a", "IP": OWN}, {"Name": "b", "IP": PEER}] if peers else None
    return {"Name": name, "Id": f"{name}0123456789", "Driver": "overlay", "Options": options or {}, "Peers": others}


@dataclass(frozen=True, kw_only=True)
class Story:
    """A case of one check, with the host of a firewall case as a node."""

    check: str
    name: str
    about: str
    host: Host = field(default_factory=Host)
    overlays: tuple[dict[str, Any], ...] = (overlay("ov"),)
    manager: bool = False
    program: str = ""
    subject: tuple[str, str] | None = None

    def case(self) -> Case:
        """The case that the tests run."""
        self.host.file("/var/lib/docker/swarm/docker-state.json", '{"ListenAddr":"0.0.0.0:2377","DataPathPort":0}')
        self.host.file("/proc/net/udp", UDP + SOCKET)
        if self.program:
            self.host.link("/proc/77/fd/4", "socket:[4711]")
        self.host.networks = [*NETWORKS, overlay("ingress") | {"Ingress": True}, *self.overlays]
        return Case(
            name=f"network/{self.check}/{self.name}",
            about=self.about,
            findings=[] if self.subject is None else [(f"network/{self.check}", *self.subject)],
            fix="none" if self.subject is None else "manual",
            select=tuple(f"network/{one}" for one in (DROPPED, HELD, MTU)),
            fill=self.host.fill,
            recorded=self._answers,
            files=self.host.special,
        )

    def _answers(self) -> RecordedAnswers:
        made = self.host.answers()
        node: dict[str, Any] = {"LocalNodeState": "active", "NodeAddr": OWN, "ControlAvailable": self.manager}
        node["RemoteManagers"] = [{"Addr": f"{OWN if self.manager else PEER}:2377"}]
        if self.manager:
            node |= {"Nodes": 2, "Cluster": {"DataPathPort": 4789}}
        nodes = [{"Status": {"Addr": OWN}}, {"Status": {"Addr": PEER}}]
        for path, body in (("/info", {"Swarm": node}), ("/nodes", nodes)):
            made.engine[path] = ApiAnswer(200, json.dumps(body).encode())
        if self.program:
            other = Process(
                pid=77, ppid=1, start_ticks=1000, state="S", comm="x", exe=self.program, argv=(self.program, "-p")
            )
            return RecordedAnswers(
                live=True, commands=made.commands, engine=made.engine, processes=(*(made.processes or ()), other)
            )
        return made


def rules(*lines: str, policy: str = "ACCEPT") -> Host:
    """A host with these rules in INPUT."""
    made = Host()
    made.replace(":INPUT ACCEPT", f":INPUT {policy}")
    for line in lines:
        made.put(line, "-A FORWARD")
    return made


CASES = (
    Story(
        check=DROPPED,
        name="vxlan",
        about="a rule drops the packets of overlay networks",
        host=rules("-A INPUT -p udp -m udp --dport 4789 -j DROP"),
        subject=("rule", "filter -A INPUT -p udp -m udp --dport 4789 -j DROP"),
    ),
    Story(
        check=DROPPED,
        name="policy",
        about="a firewall passes answers and SSH only",
        host=rules(INPUT, "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", policy="DROP"),
        subject=("rule", "filter INPUT"),
    ),
    Story(
        check=DROPPED,
        name="nft-manager",
        about="a table of nft on a manager passes answers only, and no overlay network exists yet",
        host=foreign(nft("inet", "fw", "input", "drop", ESTABLISHED), "inet fw"),
        overlays=(),
        manager=True,
        subject=("nft-chain", "inet fw forward"),
    ),
    Story(
        check=DROPPED,
        name="esp",
        about="an overlay network is encrypted, and its packets are dropped",
        host=rules("-A INPUT -p esp -j DROP"),
        overlays=(overlay("ov", {"encrypted": ""}),),
        subject=("rule", "filter -A INPUT -p esp -j DROP"),
    ),
    Story(
        check=DROPPED,
        name="healthy-peers",
        about="a firewall passes the other nodes, and drops all else",
        host=rules(INPUT, f"-A INPUT -s {PEER}/32 -d {OWN}/32 -j ACCEPT", policy="DROP"),
    ),
    Story(
        check=DROPPED,
        name="healthy-set",
        about="whether a set holds the nodes can't be seen",
        host=rules("-A INPUT -m set --match-set nodes src -j ACCEPT", policy="DROP"),
    ),
    Story(
        check=DROPPED,
        name="healthy-no-overlay",
        about="a worker without overlay networks needs no VXLAN",
        host=rules(INPUT, policy="DROP"),
        overlays=(),
    ),
    Story(
        check=HELD,
        name="process",
        about="a program listened on UDP 4789 before the engine started",
        program="/usr/local/bin/collector",
        subject=("port", "4789/udp"),
    ),
    Story(check=HELD, name="healthy", about="the kernel holds the port for the swarm"),
    Story(
        check=MTU,
        name="jumbo",
        about="an overlay network was created for jumbo frames that the interface does not have",
        overlays=(overlay("ov", {"com.docker.network.driver.mtu": "9000"}), overlay("other")),
        subject=("network", "ov"),
    ),
    Story(
        check=MTU,
        name="healthy-small",
        about="an overlay network was created for a smaller MTU",
        overlays=(overlay("ov", {"com.docker.network.driver.mtu": "1400"}),),
    ),
)
