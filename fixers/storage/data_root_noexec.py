"""Remount the data root without restrictive options."""

from collections.abc import Callable, Iterator

from doctor.api import Action, Applicability, Evidence, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import EditFile
from doctor.api.actions.mounts import Remount
from doctor.facts.config.engine import EngineConfig
from doctor.facts.host.mounts import Mounts
from doctor.facts.storage.details import MountedWith
from doctor.formats.host import fstab
from doctor.formats.text import decode, encode
from doctor.model.paths import HostPath


@fixer(applicability=Applicability.SAFE)
def data_root_noexec(
    finding: Finding, detail: MountedWith, config: EngineConfig, mounts: Mounts | Missing
) -> Iterator[Action]:
    """Ask if the data root has its own mount, because the options may be intended hardening; otherwise show advice."""
    dropped = detail.options
    mount = None if isinstance(mounts, Missing) else mounts.covering(config.data_root)
    if mount is None or mount.mount_point != config.data_root:
        top = "/" if mount is None else mount.mount_point
        allowed = ",".join(option.removeprefix("no") for option in dropped)
        yield Advise(
            text=f"mount -o remount,{allowed} {top}, and change its line in /etc/fstab in the same way; or give {config.data_root}"
            " its own mount"
        )
        return
    yield Choose(
        question=f"whether to remount {config.data_root} without {', '.join(dropped)}",
        options=(
            Choosable(
                name="allow",
                evidence=(
                    Evidence(f"mount of {config.data_root}", f"it contains only the data root; {finding.message}"),
                ),
                actions=(
                    Remount(path=mount.mount_point, drop=dropped),
                    EditFile(
                        path=HostPath("/etc/fstab"),
                        edit=_without(mount.mount_point, dropped),
                        what=f"remove {', '.join(dropped)} from the options of {mount.mount_point} in /etc/fstab",
                    ),
                ),
            ),
        ),
    )


def _without(point: str, dropped: tuple[str, ...]) -> Callable[[bytes], bytes]:
    def edit(old: bytes) -> bytes:
        return encode(
            fstab.with_options(decode(old), point, lambda options: tuple(one for one in options if one not in dropped))
        )

    return edit
