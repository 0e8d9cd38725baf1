"""Kernel modules: available, built in, loaded and blocked ones."""

import re

from msgspec import Struct

_DEPENDENCY = re.compile(r"^((?:[^:\s]+/)?([^/:\s]+?)\.ko(?:\.\w+)?):", re.MULTILINE)
_BUILT_IN = re.compile(r"^(?:\S*/)?([^/\s]+?)\.ko$", re.MULTILINE)


class ModuleRule(Struct, frozen=True, kw_only=True):
    """A line of modprobe.d.

    Attributes:
        kind: "blacklist", "install", "options", "alias", "softdep" or "remove".
        module: its module, with underscores.
        rest: the rest of the line.
        path: the file, as the caller names it.
        line: counted from 1.
    """

    kind: str
    module: str
    rest: str
    path: str
    line: int

    @property
    def is_forbidding(self) -> bool:
        """Whether `modprobe MODULE` can't load it: an install line runs true or false in its place.

        A blacklist line doesn't: it only keeps aliases from loading the module.
        """
        words = self.rest.split()
        return self.kind == "install" and bool(words) and words[0].rpartition("/")[2] in {"true", "false", ":"}


def normalize(name: str) -> str:
    """A module's name as the kernel has it.

    >>> normalize("nf-nat.ko.xz")
    'nf_nat'
    """
    return name.partition(".ko")[0].replace("-", "_")


def parse_dependencies(text: str) -> dict[str, str]:
    r"""The loadable modules of /lib/modules/RELEASE/modules.dep: path by name.

    >>> parse_dependencies("kernel/fs/overlayfs/overlay.ko.xz:\nkernel/a/nf-nat.ko: kernel/b.ko\n")
    {'overlay': 'kernel/fs/overlayfs/overlay.ko.xz', 'nf_nat': 'kernel/a/nf-nat.ko'}
    """
    return {name.replace("-", "_"): path for path, name in _DEPENDENCY.findall(text)}


def dependents(text: str, name: str) -> list[str]:
    r"""The modules that modules.dep lists with this one among the modules they need, directly or not.

    >>> dependents("kernel/net/bridge.ko.xz: kernel/net/ipv6/ipv6.ko.xz kernel/a.ko.xz\nkernel/a.ko.xz:\n", "ipv6")
    ['bridge']
    """
    found = []
    for spelling in {name, name.replace("_", "-")}:
        start = 0
        while (at := text.find(f"/{spelling}.ko", start)) >= 0:
            start = at + 1
            begin = text.rfind("\n", 0, at) + 1
            colon = text.find(":", begin)
            if 0 <= colon < at:
                found.append(normalize(text[begin:colon].rpartition("/")[2]))
    return found


def parse_built_in(text: str) -> frozenset[str]:
    r"""The modules of /lib/modules/RELEASE/modules.builtin: always available, never in /proc/modules.

    >>> sorted(parse_built_in("kernel/fs/ext4/ext4.ko\nkernel/net/bridge/br-netfilter.ko\n"))
    ['br_netfilter', 'ext4']
    """
    return frozenset(name.replace("-", "_") for name in _BUILT_IN.findall(text))


def parse_loaded(text: str) -> frozenset[str]:
    r"""The modules in /proc/modules that are live or loading.

    >>> sorted(parse_loaded("overlay 151552 0 - Live 0x0\nbridge 1 0 - Unloading 0x0\n"))
    ['overlay']
    """
    found = []
    for line in text.split("\n"):
        fields = line.split()
        if len(fields) >= 5 and fields[4] != "Unloading":
            found.append(fields[0])
    return frozenset(found)


def parse_rules(text: str, path: str = "") -> tuple[ModuleRule, ...]:
    r"""The lines of a modprobe.d file in order (modprobe.d(5)). Never raises: lines that modprobe skips are skipped.

    >>> rule = parse_rules("# hardening\ninstall br-netfilter /bin/true\n")[0]
    >>> rule.module, rule.is_forbidding, rule.line
    ('br_netfilter', True, 2)
    """
    found = []
    parts: list[str] = []
    begun = 0
    for number, raw in enumerate(text.split("\n"), start=1):
        begun = begun if parts else number
        line = raw.removesuffix("\r")
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        kind, *fields = " ".join([*parts, line]).split(None, 2) or [""]
        parts = []
        if fields and kind in {"blacklist", "install", "options", "alias", "softdep", "remove"}:
            rest = fields[1] if len(fields) > 1 else ""
            found.append(ModuleRule(kind=kind, module=normalize(fields[0]), rest=rest, path=path, line=begun))
    return tuple(found)
