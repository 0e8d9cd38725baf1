"""Checks whether layers of containers with ``AutoRemove`` are empty."""

from doctor.facts.containers.containers import Containers
from doctor.facts.containers.writable_layers import WritableLayers
from doctor.facts.layers.records import Layers
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath


@collector
def writable_layers(host: Host, containers: Containers, layers: Layers) -> WritableLayers:
    """Return the layers that are not empty."""
    places: dict[str, HostPath] = {}
    gaps: list[Missing] = []
    for container in containers.items:
        record = layers.mounts.get(container.id)
        if container.host is None or not container.host.auto_remove or record is None or not record.mount_id:
            continue
        path = layers.diff_path(record.mount_id)
        try:
            if next(iter(host.scandir(path, follow=False)), None) is not None:
                places[container.id] = path
        except HostError as error:
            if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
                gaps.append(error.missing)
    return WritableLayers(places=places, gaps=tuple(gaps))
