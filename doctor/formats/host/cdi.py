"""Specifications of the Container Device Interface, JSON or the YAML that nvidia-ctk writes. Never raises."""

import re

from msgspec import Struct

_PAIR = r"""(?m)^[ \t\-{,\[]*["']?(kind|name|hostPath|path|containerPath)["']?[ \t]*:[ \t]*(?:["']([^"'\n]*)["']|([^\s"'{}\[\],#][^\n,}\]]*))"""
_VERSION = r"\.so\.(\d{2,4}\.\d+(?:\.\d+)?)$"


class CdiSpec(Struct, frozen=True, kw_only=True):
    """A specification, and the things of the host that it needs.

    Attributes:
        path: the file.
        kind: of its devices ("nvidia.com/gpu").
        devices: their names ("0", "all").
        needs: device nodes, files and programs of the host that it names.
        versions: driver versions in the names of its libraries.
    """

    path: str
    kind: str
    devices: tuple[str, ...]
    needs: tuple[str, ...]
    versions: tuple[str, ...]


def parse(path: str, text: str) -> CdiSpec:
    r"""Return the specification in a file; fields that it does not have are empty.

    >>> text = "kind: nvidia.com/gpu\ndevices:\n- name: \"0\"\n  containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia0\n"
    >>> (spec := parse("x.yaml", text)).kind, spec.devices, spec.needs
    ('nvidia.com/gpu', ('0',), ('/dev/nvidia0',))
    >>> mount = "mounts:\n- hostPath: /usr/lib/libcuda.so.550.54.14\n  containerPath: /usr/lib/libcuda.so.550.54.14\n"
    >>> (spec := parse("x.yaml", mount)).needs, spec.versions
    (('/usr/lib/libcuda.so.550.54.14',), ('550.54.14',))
    """
    # JSON on one line: each pair on a line of its own.
    if text.lstrip().startswith("{"):
        text = re.sub(r"([{,\[])", "\\1\n", text)
    kind, node = "", ""
    names: list[str] = []
    needs: list[str] = []
    for found in re.finditer(_PAIR, text):
        key, value = found[1], (found[2] if found[2] is not None else found[3] or "").strip()
        if key == "kind":
            kind = kind or value
        elif key == "name":
            names.append(value)
        elif key == "path" and value.startswith("/"):
            # The path of a device node in the container, and on the host unless hostPath follows or precedes it.
            node = value
            needs.append(value)
        elif key == "hostPath" and value.startswith("/"):
            if needs and node == needs[-1] != value and _is_same_node(text, found.start()):
                needs.pop()
            needs.append(value)
        if key in {"hostPath", "containerPath"}:
            node = ""
    places = tuple(dict.fromkeys(needs))
    versions = sorted({version[1] for place in places if (version := re.search(_VERSION, place)) is not None})
    return CdiSpec(path=path, kind=kind, devices=tuple(dict.fromkeys(names)), needs=places, versions=tuple(versions))


def _is_same_node(text: str, at: int) -> bool:
    """Whether a hostPath belongs to the device node whose path is just before it, not to a new entry of a list."""
    line = text[text.rfind("\n", 0, at + 1) + 1 : at + 200].split("\n", 1)[0]
    return not line.lstrip().startswith(("-", "{"))
