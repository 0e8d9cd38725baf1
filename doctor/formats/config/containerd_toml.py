r"""Reads containerd's config.toml: its directories, its address, the files that it imports and the plugins that it disables.

Keys: containerd cmd/containerd/server/config/config.go (Config). The address is ``[grpc] address`` up to version 3 and in
``[plugins."io.containerd.server.v1.grpc"]`` from 4 on.
"""

import re
from typing import Any

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.model.errors import FormatError

MAX_BYTES = 256 << 10
"""Larger than any real file: all default settings together are 8 KiB."""
_MAX_DOTS = 500
"""In one line. The parser's time grows with the square of a key's parts: 64 KiB of them take 12 s, 500 take 2 ms."""
_ATTEMPTS = 4


class ContainerdPlaces(Struct, frozen=True, kw_only=True):
    """Settings of one file.

    Attributes:
        root: as written, "" where it is not set; an empty one is ignored (the files are merged with mergo, which skips
            it).
        state: likewise, the directory for state that is lost at boot; ``address``: the socket.
        imports: further files, as written; each overrides the file that imports it.
        disabled_plugins: as written.
        root_line: the line of ``root``, 0 if unknown; ``disabled_line``: that of ``disabled_plugins``.
    """

    root: str = ""
    state: str = ""
    address: str = ""
    imports: tuple[str, ...] = ()
    disabled_plugins: tuple[str, ...] = ()
    root_line: int = 0
    disabled_line: int = 0


class CriSettings(Struct, frozen=True, kw_only=True):
    """Settings of the plugin that the kubelet uses, in one file.

    Attributes:
        sandbox_image: as written, "" where it is not set.
        systemd_cgroup: ``SystemdCgroup`` of the runtime ``runc``, ``None`` where it is not set.
        certificates: the directory with a directory for each registry, "" where it is not set.
    """

    sandbox_image: str = ""
    systemd_cgroup: bool | None = None
    certificates: str = ""


def cri(data: bytes) -> CriSettings | None:
    r"""Return the settings of the CRI plugins, ``None`` if the file has no table of them, or can't be read.

    >>> cri(b"[plugins.'io.containerd.cri.v1.images'.pinned_images]\nsandbox = 'reg/pause:1'\n").sandbox_image
    'reg/pause:1'
    >>> old = b'[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "p:2"\n'
    >>> cri(old + b'[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\nSystemdCgroup = true').systemd_cgroup
    True
    """
    try:
        plugins = _table(parsed(data.decode("utf-8")), "plugins")
        old = _under(plugins, containerd.CRI_PLUGINS[0]) or _under(plugins, "cri")
        runtime, images = _under(plugins, containerd.CRI_PLUGINS[1]), _under(plugins, containerd.CRI_IMAGES)
        if not old and not runtime and not images:
            return None
        driver = _under(runtime or old, "containerd", "runtimes", "runc", "options").get("SystemdCgroup")
        return CriSettings(
            sandbox_image=_string(_under(images, "pinned_images"), "sandbox") or _string(old, "sandbox_image"),
            systemd_cgroup=driver if isinstance(driver, bool) else None,
            certificates=_string(_under(images or old, "registry"), "config_path"),
        )
    except (UnicodeDecodeError, FormatError):
        return None


def _under(table: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        table = _table(table, name)
    return table


def read(data: bytes) -> ContainerdPlaces:
    r"""Return the settings of the file.

    Raises:
        FormatError: containerd does not start on this file; ``where`` starts with "line " if the line is known.

    >>> read(b'version = 2\nroot = "/data"  # moved\n[grpc]\n  address = "/run/c.sock"\n').root_line
    2
    >>> read(b"imports = ['/etc/containerd/conf.d/*.toml']\n").imports
    ('/etc/containerd/conf.d/*.toml',)
    """
    try:
        text = data.decode("utf-8")
        return _places(parsed(text), text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError("it is not UTF-8", where=f"line {line}") from error


def before_error(data: bytes) -> ContainerdPlaces:
    r"""Return the settings of a corrupt file that are before its first error. A wrong type hides no other setting.

    >>> before_error(b'root = "/data"\nimports = [\n').root, before_error(b'root = "/data"\n[[plugins]]\n').root
    ('/data', '/data')
    """
    text = data.decode("utf-8", "replace")
    for _ in range(_ATTEMPTS):
        try:
            table = parsed(text)
        except FormatError as error:
            text = _cut(text, error.where.removeprefix("line "))
        else:
            return _places({name: value for name, value in table.items() if _is_usable(name, value)}, text)
    return ContainerdPlaces()


def _is_usable(name: str, value: Any) -> bool:
    """Whether a setting has its type."""
    try:
        _places({name: value}, "")
    except FormatError:
        return False
    return True


def _cut(text: str, line: str) -> str:
    """Return the lines before a line. If it is unknown, return those before the last value, which has no end."""
    lines = text.split("\n")
    if line.isdigit():
        return "\n".join(lines[: int(line) - 1])
    return "\n".join(lines[: max((number for number, one in enumerate(lines) if "=" in one), default=0)])


def _places(table: dict[str, Any], text: str) -> ContainerdPlaces:
    plugin = _table(_table(table, "plugins"), containerd.GRPC_PLUGIN)
    root, disabled = _string(table, "root"), _strings(table, "disabled_plugins")
    return ContainerdPlaces(
        root=root,
        state=_string(table, "state"),
        address=_string(plugin, "address") or _string(_table(table, "grpc"), "address"),
        imports=_strings(table, "imports"),
        disabled_plugins=disabled,
        root_line=_line(text, "root") if root else 0,
        disabled_line=_line(text, "disabled_plugins") if disabled else 0,
    )


def parsed(text: str) -> dict[str, Any]:
    """Return a file's tables in limited time. Raises ``FormatError``."""
    import tomllib  # noqa: PLC0415 - costs a scan 2 ms, and not every host has this file

    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MAX_DOTS:
            raise FormatError(f"it has more than {_MAX_DOTS} dots", where=f"line {number}")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise FormatError("it is nested too deeply") from error
    except ValueError as error:
        # Not only TOMLDecodeError: Python converts no number of more than 4,300 digits.
        what, _, place = str(error).partition(" (at ")
        found = re.search(r"line [0-9]+", place)
        raise FormatError(what.partition(";")[0], where=found[0] if found else "its end") from error


def _line(text: str, key: str) -> int:
    """Return the line that sets a key before the first table, 0 if it is not spelled plainly."""
    for number, line in enumerate(text.split("\n"), 1):
        name, equals, _ = line.partition("=")
        if equals and name.strip(" \t") == key:
            return number
        if line.lstrip(" \t").startswith("["):
            break
    return 0


def _table(table: dict[str, Any], name: str) -> dict[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise FormatError(f"{name} is not a table")
    return found


def _string(table: dict[str, Any], name: str) -> str:
    found = table.get(name, "")
    if not isinstance(found, str):
        raise FormatError(f"{name} is not a string")
    if "\0" in found:
        raise FormatError(f"{name} contains a NUL")
    return found


def _strings(table: dict[str, Any], name: str) -> tuple[str, ...]:
    found = table.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise FormatError(f"{name} is not a list of strings")
    return tuple(found)
