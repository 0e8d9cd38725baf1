"""Looks at the file system of doctor's own directory."""

from doctor.facts.storage.writable import OwnDirectory
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.state.paths import state_dir


@collector
def own_directory(host: Host) -> OwnDirectory:
    """Return it; missing where it is not there yet, or the host is not the one doctor runs on."""
    if not host.is_live():
        raise HostError(Missing(Why.UNSUPPORTED, "doctor keeps nothing on a host that it does not run on"))
    path = host.resolve(HostPath(state_dir()))
    found = host.lstat(path, follow=False)
    return OwnDirectory(path=path, device=found.device, is_writable=not host.statfs(path).read_only)
