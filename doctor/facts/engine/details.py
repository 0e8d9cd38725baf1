"""Details of findings about the engine: values that a check hands to its fixer."""

from msgspec import Struct

from doctor.model.paths import HostPath


class EngineDown(Struct, frozen=True, kw_only=True):
    """An engine that does not run; ``is_wanted``: nobody stopped and disabled it."""

    is_wanted: bool


class EngineHung(Struct, frozen=True, kw_only=True):
    """The process of an engine that does not answer."""

    pid: int


class StartFailure(Struct, frozen=True, kw_only=True):
    """What to do about the last start that failed."""

    do: str


class ContainerdDown(Struct, frozen=True, kw_only=True):
    """The unit that starts it, "" if systemd has none; where its settings keep it from starting, "" too.

    ``is_masked``: systemd refuses to start it.
    """

    unit: str
    settings: str = ""
    is_masked: bool = False


class SeveralDrivers(Struct, frozen=True, kw_only=True):
    """The one driver that holds images or containers, "" if several or none do."""

    driver: str


class Held(Struct, frozen=True, kw_only=True):
    """The file, and whether it is an empty data root, which may be kept from writing on purpose."""

    path: HostPath
    is_guard: bool


class SocketBlocked(Struct, frozen=True, kw_only=True):
    """The path, and whether it can be moved: nothing is mounted on it."""

    path: HostPath
    is_movable: bool


class CertificateMissing(Struct, frozen=True, kw_only=True):
    """The swarm's directory, and whether no engine runs yet."""

    directory: HostPath
    is_down: bool


class LogDamaged(Struct, frozen=True, kw_only=True):
    """The swarm's directory, the file, and whether it only repeats what the managers know."""

    directory: HostPath
    path: HostPath
    is_cache: bool


class Hole(Struct, frozen=True, kw_only=True):
    """Component, its package where a distribution has one, the CVEs, and the releases with the fix."""

    component: str
    package: str
    ids: tuple[str, ...]
    fixed_in: str


class MaskedUnit(Struct, frozen=True, kw_only=True):
    """The unit, and every masked unit that the engine's start needs."""

    name: str
    together: tuple[str, ...]


class UnservedSocket(Struct, frozen=True, kw_only=True):
    """Where the engine's addresses are set, in words."""

    place: str


class GoneDirectory(Struct, frozen=True, kw_only=True):
    """A directory that the running engine needs and that is not there.

    Attributes:
        path: where it belongs.
        mode: that the engine gives it; ``uid`` and ``gid`` its owner.
        breaks: what fails without it.
    """

    path: HostPath
    mode: int
    uid: int = 0
    gid: int = 0
    breaks: str


class LostState(Struct, frozen=True, kw_only=True):
    """A running container whose state the runtime has lost.

    Attributes:
        name: the container's; ``pid`` its first process.
        path: where the state belongs.
    """

    name: str
    pid: int
    path: HostPath
