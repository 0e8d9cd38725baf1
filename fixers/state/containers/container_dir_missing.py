"""Restore a container's settings."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.containers.lost import LostContainers
from doctor.facts.details import OfContainer
from doctor.model.paths import join
from doctor.model.step import Directory, File


@fixer(applicability=Applicability.SAFE)
def container_dir_missing(detail: OfContainer, lost: LostContainers) -> Iterator[Action]:
    """Write both files from the backup; otherwise show where the container's files are."""
    container = next(one for one in lost.items if one.id == detail.container_id)
    if container.config is None:
        files = f"cp -a {container.layer} DIR copies the files it wrote; " if container.layer else ""
        yield Advise(
            text=f"{files}create the container again (docker run --name): its settings are stored nowhere else"
        )
        return
    config, host_config = container.config
    yield Rebuild(
        items=(
            WantedPath(path=container.directory, node=Directory(), mode=0o710),
            WantedPath(path=join(container.directory, docker.HOST_CONFIG), node=File(content=host_config), mode=0o600),
            WantedPath(path=join(container.directory, docker.CONTAINER_CONFIG), node=File(content=config), mode=0o600),
        ),
        what=f"restore the settings of container {container.title} from the backup {container.age}",
        stage=Stage.MOUNTS,
    )
