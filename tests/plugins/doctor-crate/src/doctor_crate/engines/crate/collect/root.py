"""Reads Crate's data root, and finds its process."""

import json

from doctor.api import Missing, collector
from doctor.facts.engine.control import Holder
from doctor.facts.host.processes import Processes
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import join
from doctor_crate.engines.crate import places as crate
from doctor_crate.engines.crate.facts.root import CrateControl, Crates


@collector
def crates(host: Host) -> Crates:
    """Return what the index lists and what is on disk."""
    try:
        found = json.loads(host.read(join(crate.ROOT, crate.INDEX)))
    except ValueError as error:
        raise FormatError(str(error)) from error
    return Crates(
        path=host.resolve(crate.ROOT),
        index=found["boxes"],
        images=found["images"],
        boxes=tuple(sorted(_names(host))),
    )


@collector
def control(host: Host, processes: Processes | Missing) -> CrateControl:
    """Return how it is stopped and started: by hand, as it was."""
    known = () if isinstance(processes, Missing) else processes.items
    running = [one for one in known if one.comm == crate.PROCESS]
    return CrateControl(
        engine=crate.NAME,
        manager="hand" if running else "none",
        holders=tuple(
            Holder(pid=one.pid, start_ticks=one.start_ticks, name=crate.PROCESS, argv=one.argv) for one in running
        ),
        data_roots=(host.resolve(crate.ROOT),),
        socket=running[0].argv[-1] if running else "",
        has_api=False,
    )


def _names(host: Host) -> list[str]:
    try:
        return host.listdir(join(crate.ROOT, crate.BOXES))
    except HostError:
        return []
