"""containerd as a separate service with its own root, below Docker Engine or without it."""

from typing import TYPE_CHECKING

from doctor.api.engine import Ask, Engine
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker

if TYPE_CHECKING:
    from doctor.host.base import Host
    from doctor.model.expected import Expected
    from doctor.model.paths import HostPath
    from doctor.salvage.reader import Salvage


class Containerd(Engine):
    """containerd. Docker's control stops and starts the service, because dockerd depends on it."""

    name = containerd.NAME
    title = "containerd"
    noun = "containerd"
    processes = (containerd.PROCESS,)
    sockets = containerd.SOCKETS
    databases = (containerd.METADATA_DATABASE, containerd.SNAPSHOT_DATABASE)
    default_root = containerd.DEFAULT_ROOT
    log = "read its log (journalctl -u containerd, or where its output goes)"

    def changing(self, ask: Ask) -> "tuple[HostPath, ...]":
        """Return the metadata database and the bundles of running containers, while a service runs."""
        from doctor.facts.containerd.service import ContainerdService
        from doctor.model.paths import join

        service = ask(ContainerdService)
        if not isinstance(service, ContainerdService) or not service.running:
            return ()
        return (
            join(service.resolved, containerd.METADATA_DATABASE),
            join(service.state, f"{containerd.TASKS}/{docker.NAMESPACE}"),
        )

    def standing(self, ask: Ask) -> "Expected":
        """Return the images in containerd's databases, including those of Docker's own containerd."""
        from doctor.engines.containerd.images import listed

        return listed(ask)

    def listed_in(self, name: str) -> str:
        """Return what the metadata database lists, in its own root or below Docker's."""
        return "stored" if f"/{name}".endswith(f"/{containerd.METADATA_DATABASE}") else ""

    def salvage(self, host: "Host", ask: Ask) -> "Salvage | None":
        """Return the images of a service and of Docker's own containerd."""
        from doctor.engines.containerd.salvage.reader import salvage

        return salvage(host, ask)


ENGINE = Containerd()
