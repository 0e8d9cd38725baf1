"""The action for a read-only mount: a question whether to remount it, or advice."""

from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.mounts import Remount
from doctor.formats.host.mountinfo import Mount
from doctor.model.finding import Evidence

_NO_ERROR = "the mount is read-only but its file system is not, so no disk error is the cause"


def writable(mount: Mount | None, path: str) -> Choose | Advise:
    """Ask if only the mount is read-only; otherwise show how to check the file system of ``path``."""
    if mount is not None and "ro" in mount.options and "rw" in mount.super_options:
        choice = Choosable(
            name="writable",
            evidence=(Evidence("/proc/self/mountinfo", _NO_ERROR),),
            actions=(Remount(path=mount.mount_point, drop=("ro",), add=("rw",)),),
        )
        return Choose(question=f"whether to make {mount.mount_point} writable", options=(choice,))
    source, point = ("DEVICE", path) if mount is None else (mount.source, mount.mount_point)
    check = f"xfs_repair {source}" if mount is not None and mount.fs_type == "xfs" else f"fsck -f {source}"
    return Advise(
        text=f"dmesg | grep -iE 'error|remount' shows the cause; systemctl stop docker.socket docker.service; umount {point}; {check};"
        f" mount {point}; systemctl start docker. Do not remount it writable while the error exists"
    )
