"""Few inotify instances for many containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLimit
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.networks import Networks

KEY = "fs.inotify.max_user_instances"


@check(severity=Severity.INFO, detail=OfLimit, ok="containers may watch files")
def inotify(sysctl: Sysctl, networks: Networks) -> Iterator[Finding]:
    """The limit of inotify instances is the kernel's small default while many containers run as one user.

    What it looks at:
        fs.inotify.max_user_instances (128 by default, counted per user: all containers of root share it) against twice the
        number of running containers that have an address of a bridge network. It is a remark: who uses instances is not counted.

    Why it matters:
        Programs that watch files (log shippers, web servers in development, systemd in a container) fail with "too many open
        files" or "inotify_init: no space left on device".

    How it is fixed:
        The limit is raised, now and in sysctl.d; an instance costs memory only when it is used.

    References:
        https://man7.org/linux/man-pages/man7/inotify.7.html
    """
    limit = sysctl.number(KEY)
    running = len({endpoint.container_id for endpoint in networks.running})
    if limit is None or limit >= 2 * running:
        return
    yield Finding(
        subject=Subject("sysctl", KEY),
        message=f"containers that watch files may fail: {running} containers run and share {limit} inotify instances",
        evidence=(Evidence("/proc/sys/fs/inotify/max_user_instances", str(limit)),),
        detail=OfLimit(wanted=max(1024, 8 * running)),
    )
