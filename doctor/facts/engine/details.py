"""Details of findings about the engine: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.model.paths import HostPath


class EngineDown(Struct, frozen=True, kw_only=True):
    """An engine that does not run; ``is_wanted``: it was not stopped and disabled on purpose."""

    is_wanted: bool


class EngineHung(Struct, frozen=True, kw_only=True):
    """The process of an engine that does not answer; ``stopped_pid`` is the one that a signal stopped, 0 for none."""

    pid: int
    stopped_pid: int = 0


class StartFailure(Struct, frozen=True, kw_only=True):
    """The advice on the last start that failed."""

    do: str


class ContainerdDown(Struct, frozen=True, kw_only=True):
    """The unit that starts it, "" if systemd has none, or if its settings prevent a start.

    ``is_masked``: systemd refuses to start it.
    """

    unit: str
    settings: str = ""
    is_masked: bool = False


class SeveralDrivers(Struct, frozen=True, kw_only=True):
    """The only driver with images or containers, "" if several or none have any."""

    driver: str


class Held(Struct, frozen=True, kw_only=True):
    """The file, and whether it is an empty data root, which may be write-protected on purpose."""

    path: HostPath
    is_guard: bool


class SocketBlocked(Struct, frozen=True, kw_only=True):
    """The path, and whether it can be moved, because nothing is mounted on it."""

    path: HostPath
    is_movable: bool


class CertificateMissing(Struct, frozen=True, kw_only=True):
    """The swarm's directory, and whether no engine runs yet."""

    directory: HostPath
    is_down: bool


class LogDamaged(Struct, frozen=True, kw_only=True):
    """The swarm's directory, the file, and whether the managers have its content too."""

    directory: HostPath
    path: HostPath
    is_cache: bool


class Hole(Struct, frozen=True, kw_only=True):
    """The component, and the releases with the fix."""

    component: str
    fixed_in: str


class PossibleHoles(Struct, frozen=True, kw_only=True):
    """The distribution's packages that may have vulnerabilities, and the CVEs of these packages and of the kernel."""

    packages: tuple[str, ...]
    ids: tuple[str, ...]
    kernel_ids: tuple[str, ...]


class MaskedUnit(Struct, frozen=True, kw_only=True):
    """The unit, and all masked units that the engine's start needs."""

    name: str
    together: tuple[str, ...]


class UnservedSocket(Struct, frozen=True, kw_only=True):
    """The place that sets the engine's addresses, in words."""

    place: str


class GoneDirectory(Struct, frozen=True, kw_only=True):
    """A missing directory that the running engine needs.

    Attributes:
        path: its path.
        mode: the permission bits that the engine sets; ``uid`` and ``gid`` its owner.
        breaks: consequences, in words.
    """

    path: HostPath
    mode: int
    uid: int = 0
    gid: int = 0
    breaks: str


class LostState(Struct, frozen=True, kw_only=True):
    """A running container without its state of the runtime.

    Attributes:
        name: name of the container; ``pid`` its first process.
        path: path of the missing state.
    """

    name: str
    pid: int
    path: HostPath


class LocalSocket(Struct, frozen=True, kw_only=True):
    """An engine without the usual socket: the location of ``hosts``, its values, and whether that is daemon.json."""

    place: str
    hosts: tuple[str, ...]
    in_file: bool
