"""Reads containerd's hosts.toml of a registry (core/remotes/docker/config, loadHostDir and parseHostsFile)."""

from typing import Any

from msgspec import Struct

from doctor.formats.config.containerd_toml import parsed
from doctor.model.errors import FormatError

_CAPABILITIES = frozenset({"pull", "resolve", "push"})


class RegistryHosts(Struct, frozen=True, kw_only=True):
    """One file.

    Attributes:
        problem: why containerd ignores the whole file, "" if it does not.
        files: certificates and keys that it names, as written.
    """

    problem: str = ""
    files: tuple[str, ...] = ()


def read(data: bytes) -> RegistryHosts:
    r"""Return what the file names. It never raises: containerd ignores a corrupt file, too.

    >>> read(b'[host."https://m"]\n ca = "m.crt"\n client = [["a.cert", "a.key"], "b.pem"]\n').files
    ('m.crt', 'a.cert', 'a.key', 'b.pem')
    >>> read(b'server = "https://m\n').problem, read(b'[host."https://m"]\ncapabilities = ["pul"]\n').problem
    ("line 1: illegal character '\\n'", "unknown capability 'pul' of https://m")
    """
    try:
        table = parsed(data.decode("utf-8"))
    except UnicodeDecodeError:
        return RegistryHosts(problem="it is not UTF-8")
    except FormatError as error:
        return RegistryHosts(problem=f"{error.where}: {error.what[:1].lower()}{error.what[1:]}")
    hosts = table.get("host", {})
    if not isinstance(hosts, dict):
        return RegistryHosts(problem="host is not a table")
    files: list[str] = []
    for name, host in (("", table), *hosts.items()):
        problem = _problem(host, name)
        if problem:
            return RegistryHosts(problem=problem)
        files += [*_texts(host.get("ca")), *_texts(host.get("client"))]
    return RegistryHosts(files=tuple(dict.fromkeys(files)))


def _problem(host: Any, name: str) -> str:
    of = f" of {name}" if name else ""
    if not isinstance(host, dict):
        return f"host {name} is not a table"
    given = host.get("capabilities", [])
    if not isinstance(given, list):
        return f"capabilities{of} is not a list"
    unknown = next((one for one in given if one not in _CAPABILITIES), None)
    return "" if unknown is None else f"unknown capability {unknown!r}{of}"


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []
