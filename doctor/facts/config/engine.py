"""The engine's configuration: its settings file, its command line, and both merged."""

from typing import Annotated, Any

from msgspec import Struct, field

from doctor.engines.docker import places as docker
from doctor.facts.config.options import default_of
from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.secret import SECRET, Guarded


class Place(Struct, frozen=True, kw_only=True):
    """The location of a flag of the next start, so that only this token is changed.

    Attributes:
        kind: ``unit`` (ExecStart= of a unit or drop-in) or ``variable`` (in an environment file or sourced by a script).
        file: the file.
        line: from 1; 0 if unknown.
        variable: the variable's name ("OPTIONS"), "" in a unit.
        is_packaged: the file belongs to the distribution's package: it is overridden, never edited.
    """

    kind: str
    file: HostPath
    line: int = 0
    variable: str = ""
    is_packaged: bool = False


class GivenFlag(Struct, frozen=True, kw_only=True):
    """One flag of dockerd.

    Attributes:
        name: the long name without dashes.
        key: the equivalent key of daemon.json.
        value: as given; credentials in URLs are masked.
        place: where the next start reads it from; ``None`` for one seen only on the running process.
    """

    name: str
    key: str
    value: str
    place: Place | None = None


class UnreadVariable(Struct, frozen=True, kw_only=True):
    """A variable with flags in a file that the engine's unit or script does not read: it has no effect."""

    file: HostPath
    line: int
    name: str
    value: str
    reader: str


class EngineFlags(Guarded, frozen=True, kw_only=True):
    """The command line of the next start, from its files, and of the running process.

    Attributes:
        launcher: the init system that starts the engine: ``systemd``, ``sysv``, ``openrc`` or "" (by hand, or unknown).
        launcher_file: the unit or init script, "" if unknown or started by hand.
        configured: flags of the next start, in order.
        arguments: words of the next start that are not flags: dockerd refuses to start with any.
        running: flags of the running process, ``None`` if none runs.
        environment: variables that dockerd reads, by name (DOCKER_DRIVER, HTTP_PROXY …); they hold secrets.
        unread: variables that look like settings and that nothing reads.
        commands: every effective ExecStart= of the unit, as (place, command): systemd refuses more than one.
        missing_files: environment files that the unit requires and that do not exist: systemd does not start it.
        is_masked: the unit is a link to /dev/null.
        drop_ins: the unit's drop-ins, in order.
        gaps: files that could not be read.
    """

    launcher: str = ""
    launcher_file: str = ""
    configured: tuple[GivenFlag, ...] = ()
    arguments: tuple[str, ...] = ()
    running: tuple[GivenFlag, ...] | None = None
    environment: Annotated[dict[str, str], SECRET] = field(default_factory=dict)
    unread: tuple[UnreadVariable, ...] = ()
    commands: tuple[tuple[Place, str], ...] = ()
    missing_files: tuple[str, ...] = ()
    is_masked: bool = False
    drop_ins: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def effective(self) -> tuple[GivenFlag, ...]:
        """Return the flags in force: the running process's, else those of the next start."""
        return self.configured if self.running is None else self.running

    def of_key(self, key: str) -> tuple[GivenFlag, ...]:
        """Return the flags of the next start that set a key of daemon.json."""
        return tuple(flag for flag in self.configured if flag.key == key)


class DaemonJson(Guarded, frozen=True, kw_only=True):
    """The engine's settings file (``--config-file``, default /etc/docker/daemon.json).

    Attributes:
        path: its path, whether it exists or not.
        exists: whether the file exists.
        is_explicit: named by ``--config-file``: then it must exist.
        content: its bytes; they may hold proxy credentials.
        value: its settings as written, credentials masked; {} if it can't be parsed.
        problem: why dockerd refuses the file, in the words of its log; "" if it accepts it.
        where: the position of the problem ("line 7, column 3").
        duplicates: keys that occur more than once; the last one is effective.
        mistakes: kinds of syntax errors that keep it from being parsed ("trailing-comma"), each once.
        mistake_places: the line of each error ("line 3").
        is_repairable: whether each mistake has exactly one correction.
        is_directory: the path is a directory, which dockerd refuses.
        leads_to: target of a dangling symbolic link at its path, "" for none: dockerd uses its defaults.
        nearby: candidates if ``--config-file`` names a missing file: the default one, and files with a similar name.
        mtime_ns: its modification time.
    """

    path: HostPath
    exists: bool = False
    is_explicit: bool = False
    content: Annotated[bytes, SECRET] = b""
    value: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    where: str = ""
    duplicates: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()
    mistake_places: tuple[str, ...] = ()
    is_repairable: bool = False
    is_directory: bool = False
    leads_to: str = ""
    nearby: tuple[HostPath, ...] = ()
    mtime_ns: int = 0


class EffectiveSetting(Struct, frozen=True, kw_only=True):
    """One effective setting and its origin.

    Attributes:
        value: as daemon.json would hold it (bool, int, str, list, dict).
        origin: ``default``, ``file`` (daemon.json), ``flag`` or ``environment``.
        file: the file that sets it; "" for a default or a flag seen only on a running process.
        line: from 1, 0 if unknown.
    """

    value: Any
    origin: str = "default"
    file: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """Return its location, for evidence ("/etc/sysconfig/docker:3")."""
        if not self.file:
            return "the running dockerd's command line" if self.origin == "flag" else self.origin
        return f"{self.file}:{self.line}" if self.line else self.file


class EngineConfig(Struct, frozen=True, kw_only=True):
    """The engine's settings, merged as dockerd merges them: defaults, then daemon.json, then flags.

    Keys are those of daemon.json. A key set by a flag and in the file is a conflict, and dockerd does not start
    (``moby daemon/config/config.go``, findConfigurationConflicts); the flag is shown here.

    Attributes:
        settings: the keys that are set, with their values.
        flags: the command line that they come from.
        json: the settings file that they come from.
        gaps: what could not be read.
    """

    settings: dict[str, EffectiveSetting] = {}
    flags: EngineFlags = field(default_factory=EngineFlags)
    json: DaemonJson = field(default_factory=lambda: DaemonJson(path=docker.DAEMON_JSON))
    gaps: tuple[Missing, ...] = ()

    def get(self, key: str, default: Any = None) -> Any:
        """Return the effective value of a key, else ``default``, else the engine's own default, else ``None``."""
        found = self.settings.get(key)
        if found is not None:
            return found.value
        return default_of(key) if default is None else default

    def setting(self, key: str) -> EffectiveSetting:
        """Return the value of a key and its origin; the default if nothing sets it."""
        return self.settings.get(key) or EffectiveSetting(value=default_of(key))

    def is_set(self, key: str) -> bool:
        """Whether a file, a flag or the environment sets the key."""
        return key in self.settings

    @property
    def exec_root(self) -> HostPath:
        """Return where the state that ends with the boot is (``exec-root``, default /var/run/docker)."""
        found = self.get("exec-root")
        return HostPath(found.rstrip("/")) if isinstance(found, str) and found.startswith("/") else docker.EXEC_ROOT

    @property
    def data_root(self) -> HostPath:
        """Return the directory of images, containers and volumes (``data-root``, default /var/lib/docker)."""
        found = self.get("data-root", docker.DEFAULT_ROOT)
        usable = isinstance(found, str) and found.startswith("/")
        return HostPath(found.rstrip("/") or "/") if usable else docker.DEFAULT_ROOT

    @property
    def ip_forward(self) -> bool:
        """Whether the engine turns on forwarding of IPv4 (``ip-forward``, default true)."""
        return self.get("ip-forward", True) is not False
