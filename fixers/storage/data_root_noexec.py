"""Let programs in containers and volumes run."""

from collections.abc import Callable, Iterator

from doctor.api import Action, Applicability, Evidence, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choose, Option
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
    """Ask where the mount is the data root's own: the options may be somebody's hardening."""
    dropped = detail.options
    mount = None if isinstance(mounts, Missing) else mounts.covering(config.data_root)
    if mount is None or mount.mount_point != config.data_root:
        top = "/" if mount is None else mount.mount_point
        allowed = ",".join(option.removeprefix("no") for option in dropped)
        yield Advise(
            text=f"mount -o remount,{allowed} {top}, and the same in its line of /etc/fstab; or give {config.data_root} a"
            " mount of its own"
        )
        return
    yield Choose(
        question=f"whether {config.data_root} is to be mounted {', '.join(dropped)}",
        options=(
            Option(
                name="allow",
                evidence=(
                    Evidence(f"mount of {config.data_root}", f"it holds nothing but the data root; {finding.message}"),
                ),
                actions=(
                    Remount(path=mount.mount_point, drop=dropped),
                    EditFile(
                        path=HostPath("/etc/fstab"),
                        edit=_without(mount.mount_point, dropped),
                        what=f"take {', '.join(dropped)} out of the options of {mount.mount_point} in /etc/fstab",
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
