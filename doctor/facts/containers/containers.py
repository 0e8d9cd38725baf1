"""Containers as stored on disk by the engine: valid whether the engine runs or not."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.containers.devices import DeviceRequest
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.paths import HostPath, join
from doctor.model.secret import SECRET

_POLICIES = frozenset({"always", "unless-stopped", "on-failure"})


class Port(Struct, frozen=True, kw_only=True):
    """One published port.

    Attributes:
        protocol: ``tcp``, ``udp`` or ``sctp``.
        host_ip: address on the host, "" for all.
        host_port: 0 if the engine chooses one at start.
        container_port: inside the container.
    """

    protocol: str
    host_ip: str
    host_port: int
    container_port: int


class Attachment(Struct, frozen=True, kw_only=True):
    """A container's connection to one network.

    Attributes:
        name: name of the network; ``network_id`` its id, "" before the first start.
        endpoint_id: "" unless it runs; so are the addresses, except the requested ones.
        ip: IPv4 address without prefix; ``prefix`` its length; ``gateway`` the network's.
        mac: MAC address of the endpoint.
        static_ip: the IPv4 address requested with ``--ip``, "" for none.
    """

    name: str
    network_id: str = ""
    endpoint_id: str = ""
    ip: str = ""
    prefix: int = 0
    gateway: str = ""
    mac: str = ""
    static_ip: str = ""


class ContainerMount(Struct, frozen=True, kw_only=True):
    """Something mounted into a container.

    Attributes:
        kind: ``volume``, ``bind``, ``tmpfs``, ``npipe`` or ``cluster``.
        name: of the volume, "" for others; ``driver`` the volume driver.
        source: path on the host.
        destination: path in the container.
        writable: whether the container may write to it.
        must_exist: whether the engine refuses a missing source instead of creating it (``--mount``).
    """

    kind: str
    name: str
    driver: str
    source: HostPath
    destination: str
    writable: bool
    must_exist: bool = False


class ContainerState(Struct, frozen=True, kw_only=True):
    """The state of a container in config.v2.json; after a crash, the state before it.

    Attributes:
        pid: pid of its first process while it runs, else 0.
        started_at: RFC 3339; "0001-01-01T00:00:00Z" for never. So is ``finished_at``, the end of the run before.
    """

    running: bool = False
    paused: bool = False
    restarting: bool = False
    dead: bool = False
    removing: bool = False
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    started_at: str = ""
    finished_at: str = ""
    oom_killed: bool = False

    @property
    def word(self) -> str:
        """The state as ``docker ps`` names it."""
        if self.dead:
            return "dead"
        if self.removing:
            return "removing"
        if self.running:
            return "paused" if self.paused else "restarting" if self.restarting else "running"
        return "created" if self.started_at.startswith("0001-") else "exited"


class HostConfig(Struct, frozen=True, kw_only=True):
    """The options that a container was created with, as far as checks examine them (hostconfig.json).

    Attributes:
        log_driver: "" if it is missing in the file: the container can't start.
        restart_policy: ``no``, ``always``, ``on-failure`` or ``unless-stopped``.
        max_retries: of ``on-failure``, 0 for no limit.
        network_mode: ``bridge``, ``host``, ``none``, ``container:ID`` or a network's name.
        may_set_network: whether its programs may change its network (NET_ADMIN): then it may want what looks wrong.
        sysctls: names of the kernel settings that it was created with (``--sysctl``).
        extra_hosts: "name:address" of each host name that it was created with (``--add-host``).
        init: whether docker-init is its first process; the engine's own default is not in the file.
        memory_bytes: its memory limit, 0 for none; ``cgroup_parent`` the control group above its own, "" for the default.
        device_requests: what ``--gpus`` and ``--device cdi.k8s.io/…`` ask for.
    """

    log_driver: str = ""
    log_options: Annotated[dict[str, str], SECRET]
    restart_policy: str = ""
    max_retries: int = 0
    auto_remove: bool = False
    network_mode: str = ""
    ports: tuple[Port, ...] = ()
    privileged: bool = False
    may_set_network: bool = False
    sysctls: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    pid_mode: str = ""
    ipc_mode: str = ""
    runtime: str = ""
    init: bool = False
    devices: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    memory_bytes: int = 0
    cgroup_parent: str = ""
    device_requests: tuple[DeviceRequest, ...] = ()


class Container(Struct, frozen=True, kw_only=True):
    """One container whose config.v2.json can be read.

    Attributes:
        id: 64 hex digits, the name of its directory.
        directory: where its files are.
        name: without the leading slash.
        image: the reference it was created from ("app:latest"), or an image id.
        image_id: digest of the image's config ("sha256:…"); "" if it is missing in the file.
        driver: the storage driver of its writable layer.
        created: RFC 3339.
        networks: by network name.
        ports: ports published now: only while it runs. The requested ones are ``host.ports``.
        host: the host config; ``None`` if hostconfig.json is missing or corrupt.
        log_path: the json-file log, "" for other drivers.
        sandbox_id: its network sandbox, "" for none.
        service: the swarm service whose task it is, "" for none.
        directories: names of directories in its directory, except those of the engine (mounts, checkpoints, secrets).
    """

    id: str
    directory: HostPath
    name: str
    image: str
    image_id: str
    driver: str
    created: str
    state: ContainerState
    networks: tuple[Attachment, ...] = ()
    ports: tuple[Port, ...] = ()
    mounts: tuple[ContainerMount, ...] = ()
    host: HostConfig | None
    log_path: HostPath
    hosts_path: HostPath
    resolv_conf_path: HostPath
    sandbox_id: str = ""
    service: str = ""
    restart_count: int = 0
    stopped_by_hand: bool = False
    apparmor_profile: str = ""
    has_healthcheck: bool = False
    directories: tuple[str, ...] = ()

    @property
    def config_path(self) -> HostPath:
        """The path of its config."""
        return join(self.directory, docker.CONTAINER_CONFIG)

    @property
    def own_log_path(self) -> HostPath:
        """The path of its ``json-file`` log in its directory, whatever its config names."""
        return join(self.directory, docker.log_name(self.id))

    @property
    def host_config_path(self) -> HostPath:
        """The path of its host config."""
        return join(self.directory, docker.HOST_CONFIG)

    @property
    def named_places(self) -> tuple[Evidence, ...]:
        """Return the mounts and networks in its config, as evidence of the loss if its host config is missing."""
        mounts = ", ".join(sorted(mount.destination for mount in self.mounts))
        networks = ", ".join(place.name for place in self.networks)
        return (
            Evidence("mounts in its config", mounts or "none"),
            Evidence("networks in its config", networks or "none"),
        )

    @property
    def short(self) -> str:
        """The id of twelve digits, as ``docker ps`` shows it."""
        return self.id[:12]

    @property
    def title(self) -> str:
        """Its name, or the short id if it has no name."""
        return self.name or self.short

    @property
    def restarts_itself(self) -> bool:
        """Whether the engine starts it at the engine's own start."""
        policy = self.host.restart_policy if self.host is not None else ""
        return policy == "always" or (policy == "unless-stopped" and not self.stopped_by_hand)

    @property
    def has_failed_start(self) -> bool:
        """Whether it should run and does not because its start failed: the engine does not start it again."""
        away = self.state.word in {"created", "exited"} and not self.state.restarting
        return away and self.should_run and bool(self.state.error)

    @property
    def should_run(self) -> bool:
        """Whether it has a restart policy and nobody stopped it. Swarm restarts a task's container by other means."""
        policy = self.host.restart_policy if self.host is not None else ""
        return policy in _POLICIES and not self.stopped_by_hand


class BrokenFile(Struct, frozen=True, kw_only=True):
    """A missing or corrupt config file of a container.

    Attributes:
        container_id: the directory's name.
        file: ``config.v2.json`` or ``hostconfig.json``.
        path: the file.
        problem: what is wrong ("no such file", "not JSON: it is empty").
        is_missing: whether the file does not exist.
        sibling: a temporary file beside it with valid content for this container, if any: dockerd writes such files and
            renames them.
    """

    container_id: str
    file: str
    path: HostPath
    problem: str
    is_missing: bool
    sibling: HostPath | None = None


class Containers(Struct, frozen=True, kw_only=True, dict=True):
    """Every directory below ``containers/``: readable containers and corrupt files.

    Attributes:
        items: containers by directory name; their ``host`` may be ``None``.
        broken: their unreadable config files, and those of directories that have no readable config.
        directories: names of all directories that look like a container's id.
        strays: other names in ``containers/``.
        gaps: what could not be examined.
    """

    items: tuple[Container, ...] = ()
    broken: tuple[BrokenFile, ...] = ()
    directories: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def without_host_config(self, *, is_missing: bool) -> Iterator[tuple[BrokenFile, Container]]:
        """Yield the containers with a readable config and a host config that is missing, or corrupt if not ``is_missing``."""
        for broken in self.broken:
            container = self.get(broken.container_id)
            if broken.file == docker.HOST_CONFIG and broken.is_missing == is_missing and container is not None:
                yield broken, container

    def get(self, identity: str) -> Container | None:
        """Return the container with this full id."""
        return self._by_id.get(identity)

    @cached_property
    def _by_id(self) -> dict[str, Container]:
        # Called for every layer of every container: a search would make a scan quadratic.
        return {container.id: container for container in reversed(self.items)}

    def named(self, name: str) -> Container | None:
        """Return the first container of this name."""
        return next((container for container in self.items if container.name == name), None)

    def running(self) -> Iterator[Container]:
        """Yield the containers that run, or did when the engine died."""
        return (container for container in self.items if container.state.running)
