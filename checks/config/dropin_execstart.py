"""A drop-in adds a second command to the engine's unit."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineFlags, Place
from doctor.facts.engine.state import EngineState, start_fails


@check(
    severity=Severity.CRITICAL,
    detail=Place | None,
    stops_start=True,
    ok="the engine's unit has one command",
    messages=(
        Message(
            pattern="Service has more than one ExecStart= setting.*|refusing: Service has",
            example="docker.service: Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.",
            means="a drop-in sets ExecStart= without an empty ExecStart= line before it",
            do="add a line 'ExecStart=' before it, then 'systemctl daemon-reload'",
        ),
    ),
)
def dropin_execstart(flags: EngineFlags, state: EngineState | Missing) -> Iterator[Finding]:
    """A drop-in sets ``ExecStart=`` without first clearing the unit's value, so systemd refuses to start the engine.

    What it looks at:
        The effective ``ExecStart=`` lines of docker.service and its drop-ins, in systemd's order.

    Why it matters:
        ExecStart= is a list: a second line is added to the first, and only a oneshot service may have two. systemd reports
        "Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing".

    How it is fixed:
        An empty ``ExecStart=`` is inserted before the drop-in's line. It clears the earlier lines, as the drop-in's author meant.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
        https://docs.docker.com/engine/daemon/proxy/#systemd-unit-file
    """
    if flags.launcher != "systemd" or len(flags.commands) < 2:
        return
    place, _ = flags.commands[-1]
    yield Finding(
        subject=Subject("unit", docker.SERVICE),
        message=f"{place.file} adds a second ExecStart= to the engine's unit, which systemd refuses: {start_fails(state)}",
        evidence=tuple(Evidence(f"{where.file}:{where.line}", text) for where, text in flags.commands),
        detail=None if place.is_packaged else place,
    )
