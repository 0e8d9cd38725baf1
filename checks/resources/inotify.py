"""The limit of inotify instances is low for the number of containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.details import OfLimit
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.networks import Networks
from doctor.model.text import plural

KEY = "fs.inotify.max_user_instances"


@check(
    severity=Severity.INFO,
    detail=OfLimit,
    ok="the limit of inotify instances suits the number of containers",
    messages=(
        Message(
            pattern=r"inotify\w*: .*(?:too many open files|no space left on device)|too many open files.*inotify|failed to create (?:fsnotify|inotify) watcher.*",
            example="unable to create inotify: inotify_init: too many open files",
            means="the user has no inotify instances or watches left",
            do="raise fs.inotify.max_user_instances and fs.inotify.max_user_watches",
        ),
    ),
)
def inotify(sysctl: Sysctl, networks: Networks) -> Iterator[Finding]:
    """The limit of inotify instances is low for the number of containers that share it.

    What it looks at:
        fs.inotify.max_user_instances (128 by default, counted per user: all containers of root share it) against twice the
        number of running containers with an address on a bridge network. The instances in use are not counted, so this is only
        a remark.

    Why it matters:
        Programs that watch files (log shippers, web servers in development, systemd in a container) fail with "too many open
        files" or "inotify_init: no space left on device".

    How it is fixed:
        The limit is raised, now and in sysctl.d. An unused instance costs no memory.

    References:
        https://man7.org/linux/man-pages/man7/inotify.7.html
    """
    limit = sysctl.number(KEY)
    running = len({endpoint.container_id for endpoint in networks.running})
    if limit is None or limit >= 2 * running:
        return
    yield Finding(
        subject=Subject("sysctl", KEY),
        message=f"the limit is {plural(limit, 'inotify instance')} for {plural(running, 'running container')}: containers that watch files may fail",
        evidence=(Evidence("/proc/sys/fs/inotify/max_user_instances", str(limit)),),
        detail=OfLimit(wanted=max(1024, 8 * running)),
    )
