"""The engine listens on the network without client certificates."""

import re
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig

_LOCAL = r"(127\.\d+\.\d+\.\d+|localhost|\[::1\]|::1)"


@check(severity=Severity.CRITICAL, security=True, ok="the engine is not open to the network")
def tcp_exposed(config: EngineConfig) -> Iterator[Finding]:
    """The engine listens on TCP without client certificates, so every client that reaches the port is root on this host.

    What it looks at:
        ``-H tcp://…`` flags and ``hosts`` in daemon.json, and whether ``tlsverify`` is on. On a loopback address, every local user
        and every container with the host's network can connect: that is a warning.

    Why it matters:
        Attackers find an open port 2375 within hours, and use it for mining or to take over the host.

    How it is fixed:
        Manually: use ssh (``DOCKER_HOST=ssh://…``), or tlsverify with certificates. doctor does not close a listener that may be
        in use.

    References:
        https://docs.docker.com/engine/security/protect-access/
        https://docs.docker.com/engine/daemon/remote-access/
    """
    if config.get("tlsverify") is True:
        return
    # With a flag, the file's list stops the engine's start, which is a separate finding; both are intended.
    lists = (config.get("hosts", []), config.json.value.get("hosts", []))
    for text in dict.fromkeys(str(host) for hosts in lists if isinstance(hosts, list) for host in hosts):
        if not text.startswith("tcp://"):
            continue
        is_local = bool(re.match(_LOCAL, text.removeprefix("tcp://")))
        who = (
            "every local user and container with the host's network"
            if is_local
            else "every client that reaches the port"
        )
        yield Finding(
            subject=Subject("listener", text),
            message=f"the engine listens on {text} without client certificates: {who} is root on this host",
            evidence=(Evidence(config.setting("hosts").place, text), Evidence("tlsverify", "off")),
            severity=Severity.WARNING if is_local else None,
        )
