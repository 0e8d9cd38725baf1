"""A container uses the directory beneath a disk or share, because that was not mounted when the container started."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.details import SourceUnmounted
from doctor.facts.containers.late_mounts import LateMounts
from doctor.facts.containers.needs import titles


@check(
    severity=Severity.ERROR,
    detail=SourceUnmounted,
    ok="each container sees the disks and shares that its bind mounts are on",
)
def mount_source_unmounted(containers: Containers, mounts: LateMounts) -> Iterator[Finding]:
    """A container mounts a path of a disk or share that was not mounted when it started, so it uses an empty directory instead.

    What it looks at:
        The sources of bind mounts of containers that run or should run: whether the container's own mount table shows what is at
        the source now, and whether an entry of /etc/fstab (without ``noauto``) above the source is not mounted.

    Why it matters:
        The container runs without its data: a database initializes itself again, uploads go to the root file system. The mount
        that came later hides those files, and a running container does not see it. At boot the engine does not wait for network
        shares and slow disks unless its unit has ``RequiresMountsFor=``.

    How it is fixed:
        Manually: mount it and restart the containers. Files that were written beneath it stay there: look at them first if the
        directory was not empty.

    References:
        https://docs.docker.com/engine/storage/bind-mounts/
        https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#RequiresMountsFor=
    """
    for late in mounts.items:
        users = [one for one in containers.items if one.id in late.paths]
        names, use = titles(users), "uses" if len(users) == 1 else "use"
        why = f"was mounted after the start of {names}" if late.is_mounted else "is in /etc/fstab and not mounted"
        yield Finding(
            subject=Subject("mount", late.point),
            message=f"{late.point} {why}: {names} {use} the directory beneath it",
            evidence=(
                Evidence("/proc/self/mountinfo" if late.is_mounted else "/etc/fstab", f"{late.source} at {late.point}"),
                *(Evidence(f"bind mount of {one.title}", late.paths[one.id]) for one in users[:5]),
            ),
            detail=SourceUnmounted(
                point=late.point,
                is_mounted=late.is_mounted,
                names=tuple(one.title for one in users[:20]),
                target=late.target,
            ),
        )
