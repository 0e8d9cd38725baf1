"""The registry of odd hosts: how each is made, and the traffic of its own that shows it healthy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.hosts.odd.packages import OWN

ENGINES = ("20.10.24", OWN, "28.5.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class OddHost:
    """A healthy host with an unusual network.

    Attributes:
        name: the room and what is odd.
        outside: a script for the namespace outside, before anything else; `$box` is the box's PID there.
        before: a script in the box before the engine starts.
        settings: of daemon.json.
        script: run in the box with `PRELUDE` after the engine's start.
        later: a script in the box after a scan that found it healthy and kept how its network was; `outside_later` the same outside.
        checks: commands that each show traffic of its own kind: every one of them has to succeed.
        without: usual kinds of traffic that the administrator has closed or never had.
        end: a script before the host is removed.
        allowed: ids of findings that are true there.
        packages: of Debian, copied into the box first.
        engines: versions on which it is judged.
    """

    name: str
    outside: str = ""
    before: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    script: str = ""
    later: str = ""
    outside_later: str = ""
    checks: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    end: str = ""
    allowed: frozenset[str] = frozenset()
    packages: tuple[str, ...] = ()
    engines: tuple[str, ...] = (OWN,)


ODD: dict[str, OddHost] = {}

PRELUDE = """
pid() { docker inspect -f '{{.State.Pid}}' "$1"; }
inside() { name=$1; shift; nsenter -t "$(pid "$name")" -n "$@"; }
address() { docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$1" | cut -d' ' -f1; }
veth() {
    index=$(inside "$1" ip -o link show eth0 | sed -n 's/.*eth0@if\\([0-9]*\\):.*/\\1/p')
    ip -o link | sed -n "s/^$index: \\([^@:]*\\).*/\\1/p"
}
mac() { inside "$1" ip -o link show eth0 | sed -n 's/.*ether \\([^ ]*\\).*/\\1/p'; }
get() { name=$1; shift; timeout 8 docker exec "$name" wget -q -T 2 -O - "$@"; }
fetch() { busybox wget -q -T 2 -O - "$@"; }
serve() { docker run -d --restart always --stop-timeout 1 "$@" leg:1 >/dev/null; }
work() { docker run -d --restart always --stop-timeout 1 "$@" bb:1 sleep 9999 >/dev/null; }
background() { setsid --fork "$@" >>/var/log/background.log 2>&1 </dev/null; }
tunnel() { background $python $odd/tunnel.py "$@"; }
forwarder() { background $python $odd/forwarder.py "$@"; }
out=198.51.100.2 host=198.51.100.1
"""
"""Names for all scripts; `$python` and `$odd` are set by the judge."""


def odd(name: str, **more: Any) -> None:
    """Add a host."""
    if name in ODD:
        raise ValueError(f"two odd hosts are called {name}")
    ODD[name] = OddHost(name=name, **more)
