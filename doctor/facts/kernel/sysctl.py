"""Kernel settings: current values, and those after the next boot."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.kernel import sysctl_conf
from doctor.model.missing import Missing
from doctor.model.paths import HostPath

DOCTOR_FILE = HostPath("/etc/sysctl.d/99-zz-doctor.conf")
"""doctor's file for persistent settings; its name sorts after those of packages and most administrators."""


class Sysctl(Struct, frozen=True, kw_only=True):
    """Values in /proc/sys by their names in sysctl(8) ("net.ipv4.ip_forward"), without the final newline.

    A dot in an interface's name is written as a slash ("net.ipv4.conf.eth0/100.forwarding").

    Attributes:
        gaps: existing settings that could not be read.
    """

    values: dict[str, str]
    gaps: tuple[Missing, ...] = ()

    def value(self, key: str) -> str | None:
        """Return the text of a key, ``None`` if this kernel does not have it."""
        return self.values.get(key)

    def number(self, key: str) -> int | None:
        """Return a key as an integer, ``None`` if it is absent or not an integer."""
        text = self.values.get(key)
        try:
            return None if text is None else int(text)
        except ValueError:
            return None

    def interfaces(self, setting: str, *, family: str = "ipv4") -> Iterator[tuple[str, int]]:
        """Yield (interface, number) of a setting in net.FAMILY.conf, without "all" and "default"."""
        head, tail = f"net.{family}.conf.", f".{setting}"
        for key in self.values:
            if key.startswith(head) and key.endswith(tail):
                name = key[len(head) : -len(tail)].replace("/", ".")
                number = self.number(key)
                if number is not None and name not in {"all", "default"}:
                    yield name, number


def interface_key(interface: str, setting: str, *, family: str = "ipv4") -> str:
    """Return the key of one interface's setting.

    >>> interface_key("eth0.100", "forwarding")
    'net.ipv4.conf.eth0/100.forwarding'
    """
    return f"net.{family}.conf.{interface.replace('.', '/')}.{setting}"


def neighbour_key(interface: str, setting: str, version: int) -> str:
    """Return the key of a setting of one interface's neighbour table.

    >>> neighbour_key("eth0.100", "mcast_solicit", 6)
    'net.ipv6.neigh.eth0/100.mcast_solicit'
    """
    return f"net.ipv{version}.neigh.{interface.replace('.', '/')}.{setting}"


class Setter(Struct, frozen=True, kw_only=True):
    """One line of a sysctl file that sets a key.

    Attributes:
        file: the path that is read ("/etc/sysctl.d/99-sysctl.conf"); ``real`` the target of a link.
        key: the key; ``pattern`` the key as written, which may be a glob.
    """

    file: HostPath
    line: int
    key: str
    value: str
    real: HostPath | None = None
    pattern: str = ""

    @property
    def place(self) -> str:
        """Return file and line, for evidence."""
        return f"{self.file}:{self.line}"

    @property
    def is_editable(self) -> bool:
        """Whether the line may be changed: it is in an administrator's file, and sets only this key."""
        return (self.real or self.file).startswith("/etc/") and not self.pattern


class Program(Struct, frozen=True, kw_only=True):
    """One program that applies sysctl files, and their lines in its order: the last one is effective.

    Attributes:
        name: "systemd-sysctl" (at boot), "sysctl --system" (procps) or "ufw".
        when: when it runs next, completing "… is set to 0" ("at the next boot").
        at_boot: whether it runs at the next boot of this host.
    """

    name: str
    when: str
    at_boot: bool
    settings: tuple[sysctl_conf.SysctlSetting, ...]

    def last_setter(self, key: str, real: dict[str, HostPath] | None = None) -> Setter | None:
        """Return the effective line for ``key``, or ``None`` if no file of this program sets it."""
        found = sysctl_conf.last_setter(self.settings, key)
        if found is None or found.value is None:
            return None
        path = HostPath(found.path)
        return Setter(
            file=path,
            line=found.line,
            key=key,
            value=found.value,
            real=(real or {}).get(path, path),
            pattern=found.key if found.is_pattern else "",
        )


class SysctlFiles(Struct, frozen=True, kw_only=True):
    """All lines of sysctl.d and sysctl.conf, for each program that applies them, in the order of the next boot.

    Attributes:
        programs: the programs of this host; a later one overrides earlier ones.
        real: path → target, for paths that are links.
        gaps: files that could not be read.
    """

    programs: tuple[Program, ...] = ()
    real: dict[str, HostPath] | None = None
    gaps: tuple[Missing, ...] = ()

    def last_setter(self, key: str) -> Setter | None:
        """Return the effective line for ``key`` at the next boot, or ``None`` if no file sets it."""
        for program in reversed(self.programs):
            setter = program.last_setter(key, self.real) if program.at_boot else None
            if setter is not None:
                return setter
        return None

    def deciders(self, key: str) -> tuple[tuple[Program, Setter], ...]:
        """Return the effective line for ``key`` of each program that sets it; each line once."""
        found: dict[tuple[str, int], tuple[Program, Setter]] = {}
        for program in self.programs:
            setter = program.last_setter(key, self.real)
            if setter is not None:
                found.setdefault((setter.file, setter.line), (program, setter))
        return tuple(found.values())

    def setters(self, key: str, value: str) -> tuple[Setter, ...]:
        """Return each line that sets ``key`` to ``value``, by its name or by the pattern that decides it."""
        lines = {
            (setting.path, setting.line): Setter(
                file=HostPath(setting.path),
                line=setting.line,
                key=key,
                value=value,
                real=(self.real or {}).get(setting.path, HostPath(setting.path)),
            )
            for program in self.programs
            for setting in program.settings
            if setting.key == key and setting.value == value
        }
        for _, setter in self.deciders(key):
            if setter.value == value:
                lines.setdefault((setter.file, setter.line), setter)
        return tuple(lines.values())

    def file_after(self, setter: Setter | None) -> HostPath:
        """Return the path of a file of /etc/sysctl.d that is applied after the file of ``setter``."""
        if setter is None:
            return DOCTOR_FILE
        name = setter.file.rpartition("/")[2]
        if name < DOCTOR_FILE.rpartition("/")[2] or not setter.file.rpartition("/")[0].endswith("sysctl.d"):
            return DOCTOR_FILE
        # "zzz.conf" sorts after doctor's own file: "zzz.doctor.conf" sorts after that.
        return HostPath(f"/etc/sysctl.d/{name.removesuffix('.conf')}.doctor.conf")
