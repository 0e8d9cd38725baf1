"""A client outside: a network namespace without a name or a process, joined to this host by a pair of doctor's own.

The kernel removes the namespace, with both ends of the pair, when its descriptor closes.
"""

import errno
import os
import secrets
import subprocess
import time

from doctor.host.trace.netns import NetPlace, unnamed
from doctor.host.trace.places import devices

_LIMIT_S = 5.0
_CARRIER_S = 1.5
_UP = 6


def client(name: str, own: str, far: str, target: str) -> tuple[NetPlace, str]:
    """Return the client's place, and the name of the host's end of the pair.

    ``own`` and ``far`` are the addresses of the host's end and of the client, of one network of 8; a route leads from the
    client to the target. Raises ``OSError``.
    """
    place = unnamed(name)
    end = f"doctor{secrets.token_hex(3)}"
    inside = f"/proc/{os.getpid()}/fd/{place.descriptor}"
    try:
        _ip(f"link add {end} type veth peer name eth0 netns {inside}\naddr add {own}/29 dev {end}\nlink set {end} up\n")
        route = f"link set eth0 up\nroute add {target} via {own}\n"
        place.do(lambda: _ip(f"addr add {far}/29 dev eth0\nlink set lo up\n{route}"))
        _await_up(place, "eth0")
    except OSError:
        place.close()
        raise
    return place, end


def _await_up(place: NetPlace, name: str) -> None:
    """Wait until a device sends: the kernel reports a carrier at most once a second (net/core/link_watch.c)."""
    deadline = time.monotonic() + _CARRIER_S
    while time.monotonic() < deadline:
        if any(link.name == name and link.operstate == _UP for link in devices(place)):
            return
        time.sleep(0.01)


def _ip(script: str) -> None:
    try:
        done = subprocess.run(
            ["ip", "-batch", "-"], input=script.encode(), capture_output=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise OSError(errno.ETIMEDOUT, "ip does not end") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().split("\n")
        raise OSError(errno.EIO, lines[0] or "ip failed")
