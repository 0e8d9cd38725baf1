"""Docker Engine, with both image stores: the storage driver overlay2, and containerd's store."""

from typing import TYPE_CHECKING

from doctor.api.engine import Ask, BackupFiles, Engine, Root
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker

if TYPE_CHECKING:
    from doctor.facts.engine.control import EngineControl
    from doctor.host.base import Host
    from doctor.model.expected import Asked, Expected
    from doctor.model.missing import Missing
    from doctor.model.paths import HostPath
    from doctor.model.step import Reload, StartContainers, Stopped
    from doctor.salvage.reader import Salvage

_LISTS = {docker.NETWORK_DATABASE: "networks", docker.tags(): "tags", docker.VOLUME_DATABASE: "volumes"}
_OF_ONE = (docker.CONTAINERS, docker.VOLUMES, docker.OVERLAY2)


class Docker(Engine):
    """Docker Engine. Method bodies import late: most commands need few of them."""

    name = docker.NAME
    title = "Docker Engine"
    stands_on = (containerd.NAME,)
    processes = docker.PROCESSES
    sockets = docker.SOCKETS
    databases = (
        docker.NETWORK_DATABASE,
        docker.VOLUME_DATABASE,
        f"{docker.BUILDKIT}/{docker.BUILDKIT_CACHE}",
        f"{docker.OWN_CONTAINERD}/{containerd.METADATA_DATABASE}",
    )
    default_root = docker.DEFAULT_ROOT
    marks = frozenset({docker.IMAGE, docker.CONTAINERD, docker.VOLUMES, docker.CONTAINERS, docker.ENGINE_ID})
    likely = ("docker", "var/lib/docker", "lib/docker")
    area = "state"
    backups = "metadata"
    log = "read its log (journalctl -u docker, or where its output goes)"

    def changing(self, ask: Ask) -> "tuple[HostPath, ...]":
        """Return the paths that each container changes, while dockerd may run."""
        from doctor.engines.docker.changing import changing

        return changing(ask)

    def root(self, host: "Host", ask: Ask) -> Root | None:
        """Return the data root that the settings name."""
        from doctor.engines.docker.root import root

        return root(host, ask)

    def ask_at(self, host: "Host", path: str, ask: Ask) -> Ask:
        """Return the facts with the data root at ``path``."""
        from doctor.engines.docker.root import ask_at

        return ask_at(host, path, ask)

    def control(self, ask: Ask) -> "EngineControl | Missing | None":
        """Return how dockerd is stopped and started, and the containerd service below it."""
        from doctor.facts.engine.control import EngineControl

        found: EngineControl | Missing = ask(EngineControl)
        return found

    def answers(self, socket: str) -> bool:
        """Whether the API answers."""
        from doctor.engines.docker import requests

        return requests.answers(socket)

    def reload(self, step: "Reload") -> None:
        """Send SIGHUP and wait for the event of the reload."""
        from doctor.engines.docker import requests

        requests.reload(step)

    def start_containers(self, step: "StartContainers") -> None:
        """Start them through the API."""
        from doctor.engines.docker import requests

        requests.start_containers(step)

    def not_running(self, step: "StartContainers") -> "tuple[Stopped, ...]":
        """Ask the API for each."""
        from doctor.engines.docker import requests

        return requests.not_running(step.socket, step)

    def start_command(self, container: str) -> str:
        """Return the command that starts a container."""
        return f"docker start {container}"

    def present(self, ask: Ask) -> "Expected":
        """Return what is complete for the storage driver overlay2."""
        from doctor.engines.docker import expected

        return expected.present(ask)

    def expected(self, before: Ask, after: Ask) -> "Expected":
        """Return what must be there after a plan."""
        from doctor.engines.docker import expected

        return expected.expected_of(before, after)

    def prove(self, host: "Host", socket: str, expected: "Expected") -> "Asked":
        """Ask the API for everything that must be there."""
        from doctor.engines.docker import prove

        return prove.ask_engine(host, socket, expected)

    def why_stopped(self, host: "Host", socket: str, wanted: dict[str, str]) -> tuple[str, ...]:
        """Ask the API for the state of each."""
        from doctor.engines.docker import prove

        return prove.not_running(host, socket, wanted)

    def listed_in(self, name: str) -> str:
        """Return what the network database, the tag file or the volume database lists."""
        return _LISTS.get(name, "")

    def is_of_one(self, name: str) -> bool:
        """Whether this is the directory of a container, volume or layer."""
        top, _, rest = name.partition("/")
        return top in _OF_ONE and bool(rest) and "/" not in rest

    def is_settings(self, name: str) -> bool:
        """Whether this is one of a container's two files of settings."""
        parts = name.split("/")
        return (
            len(parts) == 3
            and parts[0] == docker.CONTAINERS
            and parts[2] in {docker.CONTAINER_CONFIG, docker.HOST_CONFIG}
        )

    def changed_settings(self, name: str, left: bytes, now: bytes, there: "Expected") -> tuple[str, ...]:
        """Return what a user changed in them."""
        from doctor.engines.docker.settings import changed_settings

        identity, file = name.split("/")[1:3]
        return changed_settings(file, left, now, there.containers.get(identity, identity[:12]))

    def backup(self, host: "Host", ask: Ask) -> BackupFiles | None:
        """Return the files of both image stores, of containers, networks and volumes."""
        from doctor.engines.docker.backup import backup

        return backup(host, ask)

    def salvage(self, host: "Host", ask: Ask) -> "Salvage | None":
        """Return the images of every storage driver, volumes and writable layers."""
        from doctor.engines.docker.salvage.reader import salvage

        return salvage(host, ask)


ENGINE = Docker()
