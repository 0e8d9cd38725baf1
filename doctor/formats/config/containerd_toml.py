r"""Reads containerd's config.toml: its directories and its address. The full TOML parser is used only if needed.

Keys: containerd cmd/containerd/server/config/config.go (Config); they stand before the first table in every version of the
format. The address is ``[grpc] address`` up to version 3 and in ``[plugins."io.containerd.server.v1.grpc"]`` from 4 on.
"""

import re
from typing import Any

from msgspec import Struct

from doctor.model.errors import FormatError

MAX_BYTES = 1 << 20
_GRPC = "io.containerd.server.v1.grpc"
# Patterns are compiled at first use: most hosts have no such file.
_TABLE = r"(?m)^[ \t]*\["
_VALUE = r"""[ \t]*=[ \t]*(?:"([^"\\\n]*)"|'([^'\n]*)')[ \t]*(?:\#[^\n]*)?\r?$"""
_PLAIN = {name: rf"(?m)^[ \t]*{name}{_VALUE}" for name in ("root", "state", "address")}
_NAMED = {name: rf"\b{name}\b[\"']?[ \t]*[.=]" for name in ("root", "state", "address")}
_NO_IMPORTS = r"(?m)^[ \t]*imports[ \t]*=[ \t]*\[[ \t]*\][ \t]*(?:\#[^\n]*)?\r?$"
_IMPORTS = r"\bimports\b[\"']?[ \t]*="
_COMMENT = r"(?m)^[ \t]*\#.*$"
_ODD = r"(?m)\\[uU]|^[ \t]*[\"']?(?:grpc|plugins)\b"
"""Escapes in names, and a table written as a value: the patterns can't read them."""

_GRPC_TABLE = rf"(?m)^[ \t]*\[[ \t]*(?:grpc|plugins[ \t]*\.[ \t]*[\"']{re.escape(_GRPC)}[\"'])[ \t]*\][^\n]*\n"


class Places(Struct, frozen=True, kw_only=True):
    """Settings of one file.

    Attributes:
        root: as written, "" where it is not set; an empty one is ignored (the files are merged with mergo, which skips
            it).
        state: likewise, the directory for state that is lost at boot; ``address``: the socket.
        imports: further files, as written; each overrides the file that imports it.
        line: the line of ``root``, 0 if unknown.
    """

    root: str = ""
    state: str = ""
    address: str = ""
    imports: tuple[str, ...] = ()
    line: int = 0


def read(data: bytes, *, strict: bool = False) -> Places:
    r"""Return the settings of the file; ``strict`` also detects other errors.

    Raises:
        FormatError: containerd does not start on this file; ``where`` starts with "line " if the line is known.

    >>> read(b'version = 2\nroot = "/data"  # moved\n[grpc]\n  address = "/run/c.sock"\n')
    Places(root='/data', state='', address='/run/c.sock', imports=(), line=2)
    >>> read(b"imports = ['/etc/containerd/conf.d/*.toml']\n").imports
    ('/etc/containerd/conf.d/*.toml',)
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError("it is not UTF-8", where=f"line {line}") from error
    plain = None if strict else _plainly(text)
    return _whole(text) if plain is None else plain


def guess(data: bytes) -> Places:
    """Return the settings that can be read from a broken file: single lines before its first table."""
    text = data.decode("utf-8", "replace")
    found = re.search(_PLAIN["root"], _head(text))
    return Places() if found is None else Places(root=_text(found), line=_line(text, found.start()))


def _head(text: str) -> str:
    table = re.search(_TABLE, text)
    return text if table is None else text[: table.start()]


def _plainly(text: str) -> Places | None:
    """Return the settings if each is on its own line in the usual form, ``None`` if a parser is needed."""
    text = re.sub(_COMMENT, "", text)
    head = _head(text)
    if '"""' in text or "'''" in text or re.search(_ODD, head):
        return None
    if len(re.findall(_IMPORTS, head)) != len(re.findall(_NO_IMPORTS, head)):
        return None
    found: dict[str, str] = {}
    line = 0
    tables = list(re.finditer(_GRPC_TABLE, text))
    for name, part in (("root", head), ("state", head), ("address", _body(text, tables))):
        matches = list(re.finditer(_PLAIN[name], part))
        if len(tables) > 1 or len(matches) > 1 or len(re.findall(_NAMED[name], part)) != len(matches) or "\0" in part:
            return None
        for match in matches:
            found[name] = _text(match)
            line = _line(text, match.start()) if name == "root" else line
    return Places(root=found.get("root", ""), state=found.get("state", ""), address=found.get("address", ""), line=line)


def _body(text: str, tables: list[re.Match[str]]) -> str:
    return _head(text[tables[0].end() :]) if tables else ""


def _text(match: re.Match[str]) -> str:
    return match[1] if match[1] is not None else match[2]


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _whole(text: str) -> Places:
    import tomllib  # noqa: PLC0415 - costs 5 ms, and few files need it

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(" (at ")
        line = re.search(r"line ([0-9]+)", place)
        raise FormatError(what, where=line[0] if line else "its end") from error
    except RecursionError as error:
        raise FormatError("it is nested too deeply") from error
    imports = table.get("imports", [])
    if not isinstance(imports, list) or not all(isinstance(one, str) for one in imports):
        raise FormatError("imports is not a list of strings")
    root = _string(table, "root")
    known = re.search(_PLAIN["root"], _head(text))
    plugin = _table(_table(table, "plugins"), _GRPC)
    return Places(
        root=root,
        state=_string(table, "state"),
        address=_string(plugin, "address") or _string(_table(table, "grpc"), "address"),
        imports=tuple(imports),
        line=_line(text, known.start()) if known is not None and _text(known) == root else 0,
    )


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
