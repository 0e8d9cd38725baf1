"""The registry of cuts: a name, the shell commands that make it, and the words by which its right finding is known."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A fault that cuts containers' traffic.

    Attributes:
        name: the room and the fault.
        script: run in the box by `sh -e` with the names of `PRELUDE`.
        hop: a pattern that a finding which names the right hop contains, without regard to case.
        version: 6 for a host whose networks have IPv6 too: then the traffic of IPv6 is judged.
    """

    name: str
    script: str
    hop: str
    version: int = 4


CUTS: dict[str, Cut] = {}

PRELUDE = """
pid() { docker inspect -f '{{.State.Pid}}' "$1"; }
inside() { name=$1; shift; nsenter -t "$(pid "$name")" -n "$@"; }
veth() {
    index=$(inside "$1" ip -o link show eth0 | sed -n 's/.*eth0@if\\([0-9]*\\):.*/\\1/p')
    ip -o link | sed -n "s/^$index: \\([^@:]*\\).*/\\1/p"
}
mac() { inside "$1" ip -o link show eth0 | sed -n 's/.*ether \\([^ ]*\\).*/\\1/p'; }
web=172.17.0.2 app1=10.88.0.2 app2=10.88.0.3 out=198.51.100.2 host=198.51.100.1
app1_6=fd00:88::2 app2_6=fd00:88::3 out6=2001:db8:51::2 host6=2001:db8:51::1
tunnel() { ip tuntap add dev tun0 mode tun; ip link set tun0 up; ip addr add 10.8.0.2/24 dev tun0; }
enabled() {
    mkdir -p /etc/systemd/system/multi-user.target.wants
    ln -sf "/usr/lib/systemd/system/$1.service" "/etc/systemd/system/multi-user.target.wants/$1.service"
}
"""


def cut(name: str, script: str, hop: str, *, version: int = 4) -> None:
    """Add a cut."""
    if name in CUTS:
        raise ValueError(f"two cuts are called {name}")
    CUTS[name] = Cut(name=name, script=script, hop=hop, version=version)
