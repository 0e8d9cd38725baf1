"""The engine gives new containers the name servers of a file that is not the right one any more."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState
from doctor.facts.network.dns import RESOLV_CONF, RESOLVED, HostDns
from doctor.facts.path.resolv_files import ResolvFiles


@check(severity=Severity.WARNING, breaks=("dns",), ok="the engine copies the host's name servers from the right file")
def resolved_path_stale(
    files: ResolvFiles, dns: HostDns, config: EngineConfig, state: EngineState
) -> Iterator[Finding]:
    """The engine chose between /etc/resolv.conf and systemd-resolved's own list at its start, and today it would choose otherwise.

    What it looks at:
        The file that the running containers' resolv.conf are based on, and whether /etc/resolv.conf names only systemd-resolved's
        stub, 127.0.0.53. With live-restore, containers may be older than the engine: then nothing is judged.

    Why it matters:
        The choice is made once for each engine process. If /etc/resolv.conf becomes the stub later, new containers on the default
        network get 8.8.8.8; if it stops being the stub, new containers get the servers of a list that nobody may keep up to date.

    How it is fixed:
        Manually: a restart of the engine makes the choice again; it stops the containers.

    References:
        https://docs.docker.com/engine/network/#dns-services
    """
    if dns.config is None or not state.is_running or config.get("live-restore") is True:
        return
    wanted = str(RESOLVED if dns.is_stub else RESOLV_CONF)
    known = {item.source for item in files.items if item.source in {RESOLV_CONF, RESOLVED}}
    if not known or wanted in known:
        return
    (now,) = known
    effect = "get 8.8.8.8" if dns.is_stub else "get servers that the host may not use any more"
    yield Finding(
        subject=Subject("file", now),
        message=f"the engine takes name servers from {now}, its choice at its start; today it is {wanted}: new containers {effect}",
        evidence=(
            Evidence(files.items[0].path, f"based on {now}"),
            Evidence(RESOLV_CONF, f"nameserver {', '.join(dns.config.nameservers[:3]) or 'none'}"),
        ),
    )
