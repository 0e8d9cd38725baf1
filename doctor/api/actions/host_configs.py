"""A container's host config, brought back."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.state import CopyOver, restore
from doctor.facts.metadata_backup import MetadataBackup
from doctor.facts.state_details import OfHostConfig
from doctor.model.action import Action
from doctor.model.missing import Missing


def restore_host_config(
    detail: OfHostConfig, container: str, backup: MetadataBackup | Missing, *, otherwise: str = ""
) -> Iterator[Action]:
    """Yield a whole temporary file for its place, or the one of the backup; never one filled with defaults.

    Args:
        detail: the file.
        container: the name.
        backup: where it may be.
        otherwise: what a person may also do where nothing has it.
    """
    what = f"restore the host config of container {container}"
    kept = backup.files.get(detail.path) if isinstance(backup, MetadataBackup) else None
    if detail.sibling is not None:
        yield CopyOver(
            source=detail.sibling, path=detail.path, what=f"{what} from the file dockerd was about to rename"
        )
    elif kept is not None:
        yield restore(detail.path, kept, what=what)
    else:
        yield Advise(
            text=f"restore {detail.path} from a backup, or create container {container} again; defaults would drop its "
            f"limits, capabilities and restart policy{otherwise}"
        )
