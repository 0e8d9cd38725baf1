"""A container uses a runtime that the engine does not have."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.needs import lost_runtimes, severity_of, titles
from doctor.facts.engine.state import EngineInfo


@check(
    severity=Severity.WARNING,
    ok="each container's runtime is registered",
    messages=(
        Message(
            pattern=r"unknown or invalid runtime name: \S+|Unknown runtime specified \S+",
            example="docker: Error response from daemon: unknown or invalid runtime name: nvidia",
            means="the container's runtime is not registered with the engine",
            do="register it under \"runtimes\" (for nvidia: 'nvidia-ctk runtime configure --runtime=docker'), then restart the engine",
        ),
    ),
)
def runtime_missing(containers: Containers, config: EngineConfig, info: EngineInfo | Missing) -> Iterator[Finding]:
    """A container uses a runtime that is not registered with the engine, so its next start fails.

    What it looks at:
        Runtime in each ``hostconfig.json`` against ``runtimes`` in the settings and the runtimes that the running engine lists.
        ``runc`` and the names of containerd's shims ("io.containerd…") need no entry.

    Why it matters:
        ``docker start`` fails with "unknown or invalid runtime name". The entry was lost in an edit of daemon.json, or the package
        that created it (nvidia-container-toolkit, kata, gVisor) was removed.

    How it is fixed:
        Manually: restore the entry, or recreate the container with another runtime.

    References:
        https://docs.docker.com/engine/daemon/alternative-runtimes/
    """
    listed = info.runtimes if isinstance(info, EngineInfo) else ()
    for name, users in sorted(lost_runtimes(containers, config).items()):
        if name in listed:
            continue
        yield Finding(
            subject=Subject("runtime", name),
            message=f"runtime {name} is not registered with the engine: the next start of {titles(users)} fails",
            evidence=(
                Evidence(config.setting("runtimes").place, f"no runtime {name}"),
                Evidence("containers that use it", titles(users)),
            ),
            severity=severity_of(users),
        )
