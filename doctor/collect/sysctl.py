"""Reads kernel settings from /proc/sys."""

from doctor.facts.sysctl import Sysctl
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import HostPath


@collector
def sysctl(host: Host) -> Sysctl:
    """Return the settings that container hosts depend on."""
    values = {}
    for key in ("net.ipv4.ip_forward",):
        try:
            raw = host.read(HostPath("/proc/sys/" + key.replace(".", "/")), follow=False)
        except HostError as error:
            if not error.is_absent:
                raise
            continue
        values[key] = raw.decode("utf-8", "replace").strip()
    return Sysctl(values=values)
