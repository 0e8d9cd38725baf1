"""Containers as the engine keeps them on disk: right whether the engine lives or not."""

from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.paths import HostPath

CONFIG = "config.v2.json"
HOST_CONFIG = "hostconfig.json"
_POLICIES = frozenset({"always", "unless-stopped", "on-failure"})


class Port(Struct, frozen=True, kw_only=True):
    """One published port.

    Attributes:
        protocol: ``tcp``, ``udp`` or ``sctp``.
        host_ip: address on the host, "" for any.
        host_port: 0 if the engine chooses one at start.
        container_port: inside the container.
    """

    protocol: str
    host_ip: str
    host_port: int
    container_port: int


class Attachment(Struct, frozen=True, kw_only=True):
    """A container's place in one network.

    Attributes:
        name: of the network; ``network_id`` its id, "" before the first start.
        endpoint_id: "" unless it runs; so are the addresses, but for the ones asked for.
        ip: IPv4 address without prefix; ``prefix`` its length; ``gateway`` the network's.
        ip6: global IPv6 address, ``gateway6`` the network's.
        mac: of the endpoint.
        static_ip: the IPv4 address asked for with ``--ip``, "" for none.
    """

    name: str
    network_id: str = ""
    endpoint_id: str = ""
    ip: str = ""
    prefix: int = 0
    gateway: str = ""
    ip6: str = ""
    gateway6: str = ""
    mac: str = ""
    static_ip: str = ""


class MountPoint(Struct, frozen=True, kw_only=True):
    """Something mounted into a container.

    Attributes:
        kind: ``volume``, ``bind``, ``tmpfs``, ``npipe`` or ``cluster``.
        name: of the volume, "" for others; ``driver`` the volume driver.
        source: path on the host.
        destination: path in the container.
        writable: whether the container may write to it.
        must_exist: whether the engine refuses a source that is not there instead of making it (``--mount``).
    """

    kind: str
    name: str
    driver: str
    source: HostPath
    destination: str
    writable: bool
    must_exist: bool = False


class State(Struct, frozen=True, kw_only=True):
    """What config.v2.json says of a container's life; after a crash it is what was true before.

    Attributes:
        pid: of its first process while it runs, else 0.
        started_at: RFC 3339; "0001-01-01T00:00:00Z" for never.
        health: ``healthy``, ``unhealthy``, ``starting`` or "" without a health check.
    """

    running: bool = False
    paused: bool = False
    restarting: bool = False
    dead: bool = False
    removing: bool = False
    oom_killed: bool = False
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    started_at: str = ""
    health: str = ""

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
    """What was asked for when a container was made, as far as checks judge it (hostconfig.json).

    Attributes:
        log_driver: "" means that the file lost it: no such container can start.
        restart_policy: ``no``, ``always``, ``on-failure`` or ``unless-stopped``.
        network_mode: ``bridge``, ``host``, ``none``, ``container:ID`` or a network's name.
        memory_bytes: 0 for no limit; so is ``pids``.
    """

    log_driver: str = ""
    log_options: dict[str, str]
    restart_policy: str = ""
    auto_remove: bool = False
    network_mode: str = ""
    ports: tuple[Port, ...] = ()
    privileged: bool = False
    cap_add: tuple[str, ...] = ()
    security_options: tuple[str, ...] = ()
    pid_mode: str = ""
    ipc_mode: str = ""
    runtime: str = ""
    cgroup_parent: str = ""
    read_only: bool = False
    devices: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    memory_bytes: int = 0
    pids: int = 0


class Container(Struct, frozen=True, kw_only=True):
    """One container whose config.v2.json can be read.

    Attributes:
        id: 64 hex digits, the name of its directory.
        directory: where its files are.
        name: without the leading slash.
        image: the reference it was made from ("app:latest"), or an image id.
        image_id: digest of the image's config ("sha256:…"); "" if the file lost it.
        driver: the storage driver its layer lives with.
        created: RFC 3339.
        networks: by network name.
        ports: published now: only while it runs. What was asked for is ``host.ports``.
        host: the host config; ``None`` if hostconfig.json is missing or broken.
        log_path: the json-file log, "" for other drivers.
        sandbox_id: its network sandbox, "" for none.
        directories: names of directories among its files, but for those the engine makes (mounts, checkpoints, secrets).
    """

    id: str
    directory: HostPath
    name: str
    image: str
    image_id: str
    driver: str
    created: str
    state: State
    networks: tuple[Attachment, ...] = ()
    ports: tuple[Port, ...] = ()
    mounts: tuple[MountPoint, ...] = ()
    host: HostConfig | None
    hostname: str = ""
    log_path: HostPath
    hosts_path: HostPath
    resolv_conf_path: HostPath
    sandbox_id: str = ""
    restart_count: int = 0
    stopped_by_hand: bool = False
    apparmor_profile: str = ""
    directories: tuple[str, ...] = ()

    @property
    def named_places(self) -> tuple[Evidence, ...]:
        """Return the mounts and networks that its config names, as evidence of what is lost with its host config."""
        mounts = ", ".join(sorted(mount.destination for mount in self.mounts))
        networks = ", ".join(place.name for place in self.networks)
        return (
            Evidence("mounts its config names", mounts or "none"),
            Evidence("networks its config names", networks or "none"),
        )

    @property
    def short(self) -> str:
        """The twelve digits that ``docker ps`` shows."""
        return self.id[:12]

    @property
    def title(self) -> str:
        """The name a person knows it by: its name, or the short id where it has none."""
        return self.name or self.short

    @property
    def restarts_itself(self) -> bool:
        """Whether the engine starts it when it starts itself."""
        policy = self.host.restart_policy if self.host is not None else ""
        return policy == "always" or (policy == "unless-stopped" and not self.stopped_by_hand)

    @property
    def has_failed_start(self) -> bool:
        """Whether it should run, and does not since its start failed: nobody but a person starts it again."""
        policy = self.host.restart_policy if self.host is not None else ""
        away = self.state.word in {"created", "exited"} and not self.state.restarting
        return away and policy in _POLICIES and not self.stopped_by_hand and bool(self.state.error)


class BrokenFile(Struct, frozen=True, kw_only=True):
    """A container's file that is not what it should be.

    Attributes:
        container_id: the directory's name.
        file: ``config.v2.json`` or ``hostconfig.json``.
        path: the file.
        problem: what is wrong ("no such file", "not JSON: it is empty").
        is_missing: whether there is none.
        size_bytes: of what is there.
        sibling: a temporary file beside it with a whole content for this container, if any: dockerd writes those and
            renames them.
    """

    container_id: str
    file: str
    path: HostPath
    problem: str
    is_missing: bool
    size_bytes: int = 0
    sibling: HostPath | None = None


class Containers(Struct, frozen=True, kw_only=True, dict=True):
    """Every directory below ``containers/``: what can be read and what is broken.

    Attributes:
        items: containers by directory name; of these ``host`` may be ``None``.
        broken: their unreadable config files, and those of directories that have no readable config.
        directories: names of all directories that look like a container's id.
        strays: other names found there.
        gaps: what could not be examined.
    """

    items: tuple[Container, ...] = ()
    broken: tuple[BrokenFile, ...] = ()
    directories: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def without_host_config(self, *, is_missing: bool) -> Iterator[tuple[BrokenFile, Container]]:
        """Yield the containers whose own config can be read and whose host config is missing, or else is damaged."""
        for broken in self.broken:
            container = self.get(broken.container_id)
            if broken.file == HOST_CONFIG and broken.is_missing == is_missing and container is not None:
                yield broken, container

    def get(self, identity: str) -> Container | None:
        """Return the container with this full id."""
        return self._by_id.get(identity)

    @cached_property
    def _by_id(self) -> dict[str, Container]:
        # Asked once for every layer of every container: a search would make a scan quadratic in them.
        return {container.id: container for container in reversed(self.items)}

    def named(self, name: str) -> Container | None:
        """Return the first container of this name."""
        return next((container for container in self.items if container.name == name), None)

    def running(self) -> Iterator[Container]:
        """Yield the containers that run, or did when the engine died."""
        return (container for container in self.items if container.state.running)
