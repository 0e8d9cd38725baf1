"""Reads the file system of doctor's own directory, and tries a write on that of the data root."""

import os

from doctor.facts.engine.data_root import DataRoot
from doctor.facts.storage.writable import OwnDirectory, WriteTrial
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.state.paths import state_dir


@collector
def own_directory(host: Host) -> OwnDirectory:
    """Return the directory; missing if it does not exist yet, or if doctor does not run on this host."""
    if not host.is_live():
        raise HostError(Missing(Why.UNSUPPORTED, "doctor has no directory on a host that it does not run on"))
    path = host.resolve(HostPath(state_dir()))
    found = host.lstat(path, follow=False)
    return OwnDirectory(path=path, device=found.device, is_writable=not host.statfs(path).read_only)


@collector
def write_trial(host: Host, root: DataRoot) -> WriteTrial:
    """Write an unnamed file (O_TMPFILE) in the data root and drop it; needed only by a test container."""
    if not host.is_live():
        raise HostError(Missing(Why.UNSUPPORTED, "nothing is written on a host that doctor does not run on"))
    from doctor.host import trial  # noqa: PLC0415 - a scan without test containers never tries

    error = trial.write(root.resolved)
    return WriteTrial(error=error, words=os.strerror(error).lower() if error else "")
