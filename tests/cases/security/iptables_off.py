"""Cases of an engine that creates no firewall rules."""

import json
from dataclasses import dataclass

from tests.cases.case import Case
from tests.cases.firewall.host import Host

_OFF = json.dumps({"iptables": False})
_ID = "security/iptables-off"


@dataclass(frozen=True, kw_only=True)
class Story:
    """One case; ``severity`` of its finding, "" without one."""

    name: str
    about: str
    host: Host
    severity: str = ""

    def case(self) -> Case:
        """The case that the tests run."""
        return Case(
            name=f"{_ID}/{self.name}",
            about=self.about,
            findings=[(_ID, "setting", "iptables")] if self.severity else [],
            severities={_ID: self.severity} if self.severity else {},
            fix="manual" if self.severity else "none",
            select=(_ID,),
            fill=self.host.fill,
            recorded=self.host.answers,
            files=self.host.special,
        )


def _host(*rules: str) -> Host:
    """A host with these rules of its own in nat POSTROUTING, and none of the engine."""
    lines = "".join(f"{rule}\n" for rule in rules)
    return Host(f"*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n{lines}COMMIT\n")


CASES = (
    Story(
        name="off",
        about="iptables is off, and no rule translates addresses",
        host=_host().file("/etc/docker/daemon.json", _OFF),
        severity="warning",
    ),
    Story(
        name="own-rules",
        about="iptables is off, and the administrator masquerades everything that leaves",
        host=_host("-A POSTROUTING -o eth0 -j MASQUERADE").file("/etc/docker/daemon.json", _OFF),
        severity="info",
    ),
    Story(
        name="own-rules-of-another-network",
        about="iptables is off, and the administrator's rule is for one network of several",
        host=_host("-A POSTROUTING -s 10.88.0.0/24 -o eth0 -j MASQUERADE").file("/etc/docker/daemon.json", _OFF),
        severity="warning",
    ),
    Story(name="on", about="iptables is on", host=Host().file("/etc/docker/daemon.json", "{}")),
)
