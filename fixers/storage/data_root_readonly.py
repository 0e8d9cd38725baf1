"""Make the data root writable."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.writable import writable
from doctor.facts.config.engine import EngineConfig
from doctor.facts.host.mounts import Mounts


@fixer(applicability=Applicability.SAFE)
def data_root_readonly(config: EngineConfig, mounts: Mounts | Missing) -> Iterator[Action]:
    """Ask if only the mount is read-only; otherwise show how to check the file system."""
    yield writable(None if isinstance(mounts, Missing) else mounts.covering(config.data_root), config.data_root)
