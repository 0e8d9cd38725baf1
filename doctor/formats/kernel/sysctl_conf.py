"""sysctl.d files: finds and edits the line that sets a kernel parameter last."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from doctor.formats.text import line_end

DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
"""Directories of settings, highest priority first: a file hides those of the same name in later directories."""

LEGACY = "/etc/sysctl.conf"
"""Read last of all by procps (`sysctl --system`); by systemd only where a 99-sysctl.conf links to it."""


class SysctlSetting(Struct, frozen=True, kw_only=True):
    """One line that sets parameters.

    Attributes:
        path: the file, as the caller names it.
        line: counted from 1.
        key: the parameter in the form of `normalize`; may hold "*" and "?" in a pattern.
        value: as written, without blanks around it; None for an exclusion ("-net.ipv4.conf.eth0.forwarding").
    """

    path: str
    line: int
    key: str
    value: str | None

    @property
    def is_pattern(self) -> bool:
        """Whether the key names several parameters."""
        return "*" in self.key or "?" in self.key or "[" in self.key


def normalize(key: str) -> str:
    """A parameter with dots between its parts, as `sysctl` prints it; a dot within a part is then a slash.

    In a key that begins with a slash-separated part the slashes separate (sysctl.d(5)).

    >>> normalize("net/ipv4/conf/eth0.100/forwarding"), normalize("net.ipv4.conf.eth0/100.forwarding")
    ('net.ipv4.conf.eth0/100.forwarding', 'net.ipv4.conf.eth0/100.forwarding')
    """
    key = key.strip().lstrip("/")
    separator = next((char for char in key if char in "./"), ".")
    return key if separator == "." else key.translate(str.maketrans("./", "/."))


def proc_path(key: str) -> str:
    """The file of a normalized parameter.

    >>> proc_path("net.ipv4.conf.eth0/100.forwarding")
    '/proc/sys/net/ipv4/conf/eth0.100/forwarding'
    """
    return "/proc/sys/" + key.translate(str.maketrans("./", "/."))


def parse(text: str, path: str = "") -> tuple[SysctlSetting, ...]:
    r"""The settings of one file, in order. Never raises: lines that systemd and procps skip with a warning are skipped.

    >>> [(s.key, s.value) for s in parse("# off\nnet/ipv4/ip_forward = 0\n-net.ipv4.conf.*.forwarding=0\n")]
    [('net.ipv4.ip_forward', '0'), ('net.ipv4.conf.*.forwarding', '0')]
    """
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        entry = _read(line)
        if entry is not None:
            found.append(SysctlSetting(path=path, line=number, key=entry.key, value=entry.value))
    return tuple(found)


def effective_order(paths: Iterable[str], *, legacy_last: bool = False) -> tuple[str, ...]:
    """The files that are read, in the order in which they are applied: later ones win.

    Of several files of one name only that in the directory of highest priority is read; then all are sorted by name.

    Args:
        paths: every existing *.conf in `DIRECTORIES`, and LEGACY if it exists. A link to /dev/null masks: pass it too.
        legacy_last: True for procps, which reads LEGACY after everything; False for systemd, which doesn't read it.

    >>> effective_order(["/usr/lib/sysctl.d/50-a.conf", "/etc/sysctl.d/50-a.conf", "/run/sysctl.d/10-b.conf"])
    ('/run/sysctl.d/10-b.conf', '/etc/sysctl.d/50-a.conf')
    """
    chosen: dict[str, str] = {}
    legacy = False
    rank = {directory: number for number, directory in enumerate(DIRECTORIES)}
    for path in paths:
        if path == LEGACY:
            legacy = True
            continue
        directory, _, name = path.rpartition("/")
        held = chosen.get(name)
        if held is None or rank.get(directory, 99) < rank.get(held.rpartition("/")[0], 99):
            chosen[name] = path
    ordered = tuple(chosen[name] for name in sorted(chosen))
    return (*ordered, LEGACY) if legacy and legacy_last else ordered


def last_setter(settings: Sequence[SysctlSetting], key: str) -> SysctlSetting | None:
    """The line that decides a parameter, of settings in the order in which their files are applied; None if none does.

    Rules of systemd-sysctl: a line that names the parameter overrides every pattern, in any order; an exclusion exempts
    it from patterns; otherwise the last wins.
    """
    key = normalize(key)
    named = [setting for setting in settings if not setting.is_pattern and setting.key == key]
    if named:
        last = named[-1]
        return last if last.value is not None else None
    matching = [setting for setting in settings if setting.is_pattern and matches(setting.key, key)]
    return matching[-1] if matching else None


def matches(pattern: str, key: str) -> bool:
    """Whether a normalized pattern names a normalized parameter; a star stays within one part, as in glob(3).

    >>> matches("net.ipv4.conf.*.forwarding", "net.ipv4.conf.docker0.forwarding"), matches("net.*", "net.ipv4.ip_forward")
    (True, False)
    """
    patterns, parts = pattern.split("."), key.split(".")
    return len(patterns) == len(parts) and all(map(fnmatchcase, parts, patterns))


def set_value(text: str, key: str, value: str) -> str:
    r"""The file with a parameter set: the value of its last line changed in place, or a line appended.

    Every other byte is kept. A pattern is never changed, since it also sets other parameters.

    >>> set_value("net.ipv4.ip_forward =  0\t\r\n# end\r\n", "net.ipv4.ip_forward", "1")
    'net.ipv4.ip_forward =  1\t\r\n# end\r\n'
    """
    key = normalize(key)
    lines = text.split("\n")
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        entry = _read(line)
        if entry is not None and entry.key == key and entry.value is not None:
            lines[number] = line[: entry.start] + value + line[entry.end :]
            return "\n".join(lines)
    end_of_line = line_end(text)
    joint = "" if not text or text.endswith("\n") else end_of_line
    return f"{text}{joint}{key} = {value}{end_of_line}"


def comment_out(text: str, key: str, value: str, why: str) -> str:
    r"""The file with each line that sets a parameter to this value as a comment, and the reason above it.

    Every other byte is kept. A pattern is never changed, since it also sets other parameters.

    >>> comment_out("a.b = 1\r\n net.ipv4.ip_forward=0\r\n", "net.ipv4.ip_forward", "0", "why")
    'a.b = 1\r\n# why\r\n#  net.ipv4.ip_forward=0\r\n'
    """
    key = normalize(key)
    lines = []
    for line in text.split("\n"):
        entry = _read(line)
        if entry is None or entry.key != key or entry.value != value:
            lines.append(line)
            continue
        lines += [f"# {why}{chr(13) if line.endswith(chr(13)) else ''}", f"# {line}"]
    return "\n".join(lines)


def exclude(text: str, key: str) -> str:
    """The file with a line that exempts a parameter from patterns (sysctl.d(5): a key with a "-" and without a value)."""
    end_of_line = line_end(text)
    joint = "" if not text or text.endswith("\n") else end_of_line
    return f"{text}{joint}-{normalize(key)}{end_of_line}"


class _SysctlLine(Struct, frozen=True, kw_only=True):
    key: str
    value: str | None
    optional: bool
    start: int
    end: int


def _read(line: str) -> _SysctlLine | None:
    """The parts of a line with a setting; None for comments, blank and invalid lines."""
    bare = line.strip()
    if not bare or bare[0] in "#;":
        return None
    optional = bare[0] == "-"
    key, equals, _ = line.partition("=")
    name = normalize(key.strip().removeprefix("-")) if optional else normalize(key)
    if not name or not (equals or optional):
        # Without "=" only an exclusion is valid.
        return None
    if not equals:
        return _SysctlLine(key=name, value=None, optional=True, start=len(line), end=len(line))
    after = line[len(key) + 1 :]
    value = after.strip()
    start = len(key) + 1 + (len(after) - len(after.lstrip()) if value else 0)
    return _SysctlLine(key=name, value=value, optional=optional, start=start, end=start + len(value))
