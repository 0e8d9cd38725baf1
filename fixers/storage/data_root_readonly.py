"""Make the data root writable."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.mounts import Remount
from doctor.facts.config.engine import EngineConfig
from doctor.facts.host.mounts import Mounts


@fixer(applicability=Applicability.SAFE)
def data_root_readonly(config: EngineConfig, mounts: Mounts | Missing) -> Iterator[Action]:
    """Ask if only the mount is read-only; otherwise show how to check the file system."""
    mount = None if isinstance(mounts, Missing) else mounts.covering(config.data_root)
    if mount is not None and "ro" in mount.options and "rw" in mount.super_options:
        yield Choose(
            question=f"whether to make {mount.mount_point} writable",
            options=(
                Choosable(
                    name="writable",
                    evidence=(
                        Evidence(
                            "/proc/self/mountinfo",
                            "the mount is read-only but its file system is not, so no disk error is the cause",
                        ),
                    ),
                    actions=(Remount(path=mount.mount_point, drop=("ro",), add=("rw",)),),
                ),
            ),
        )
        return
    source, point = ("DEVICE", config.data_root) if mount is None else (mount.source, mount.mount_point)
    check = f"xfs_repair {source}" if mount is not None and mount.fs_type == "xfs" else f"fsck -f {source}"
    yield Advise(
        text=f"dmesg | grep -iE 'error|remount' shows the cause; systemctl stop docker.socket docker.service; umount {point}; {check};"
        f" mount {point}; systemctl start docker. Do not remount it writable while the error exists"
    )
