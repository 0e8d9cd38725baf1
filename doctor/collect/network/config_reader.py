"""Reads the files of network managers, hooks and scripts, each in its own format."""

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase

from doctor.collect.network.interfaces_files import interfaces
from doctor.formats.network import ip_command, netplan, networkd, nm_keyfile, sysconfig
from doctor.formats.network.configured import ConfiguredLink, ConfiguredNetwork
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_MAX_BYTES = 1 << 18
_MANY_FILES = 128
_MANY_LINES = 4000
_NETPLAN = ("/etc/netplan", "/run/netplan", "/usr/lib/netplan", "/lib/netplan")
_NETWORKD = (
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
)
_CONNECTIONS = (
    "/etc/NetworkManager/system-connections",
    "/run/NetworkManager/system-connections",
    "/usr/lib/NetworkManager/system-connections",
)
_NM_CONF = ("/usr/lib/NetworkManager/conf.d", "/run/NetworkManager/conf.d", "/etc/NetworkManager/conf.d")
_SYSCONFIG = ("/etc/sysconfig/network-scripts", "/etc/sysconfig/network")
_CLOUD = ("/etc/cloud/cloud.cfg.d", "/var/lib/cloud/instance")
_SCRIPTS = (
    ("/etc", "rc.local"),
    ("/etc/rc.d", "rc.local"),
    ("/etc/network/if-up.d", "*"),
    ("/etc/network/if-pre-up.d", "*"),
    ("/etc/NetworkManager/dispatcher.d", "*"),
    ("/etc/networkd-dispatcher/routable.d", "*"),
    ("/etc/networkd-dispatcher/configured.d", "*"),
    ("/etc/networkd-dispatcher/carrier.d", "*"),
    ("/etc/wireguard", "*.conf"),
    ("/etc/systemd/system", "*.service"),
    ("/etc/cron.d", "*"),
    ("/etc/local.d", "*.start"),
)
_TABLES = ("/usr/share/iproute2/rt_tables", "/usr/lib/iproute2/rt_tables", "/etc/iproute2/rt_tables")


class ConfigReader:
    """Reads each file once; one that can't be read or understood is a gap."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.gaps: list[Missing] = []

    def whole(self) -> ConfiguredNetwork:
        """Return the settings of all files together."""
        return ConfiguredNetwork.of([item for config in self.configs() for item in config.items])

    def configs(self) -> Iterator[ConfiguredNetwork]:
        """Yield the settings of each file."""
        yield from (self._netplan(path, "netplan") for path in self._first_of_name(_NETPLAN, "*.yaml"))
        yield from self._networkd()
        for directory in _CONNECTIONS:
            # A file without the ending is read too, unless it looks like a backup; as a keyfile it must have [connection].
            for path in self.files(directory, "*"):
                yield nm_keyfile.parse(self.text(path), path)
        yield from interfaces(self)
        yield from self._sysconfig()
        for directory, pattern in zip(_CLOUD, ("*.cfg", "network-config.json"), strict=True):
            yield from (self._netplan(path, "cloud-init") for path in self.files(directory, pattern))
        for directory, pattern in _SCRIPTS:
            yield from (self._script(path) for path in self.files(directory, pattern))

    def _netplan(self, path: HostPath, program: str) -> ConfiguredNetwork:
        text = self.text(path)
        if not text or (program == "cloud-init" and "network" not in text and "config" not in text):
            return ConfiguredNetwork()
        try:
            return netplan.parse(text, path, program)
        except FormatError as error:
            # It may be YAML of a kind that doctor does not read: the file may be right.
            self.gaps.append(Missing(Why.UNSUPPORTED, f"{path}: {error}", path))
            return ConfiguredNetwork()

    def _networkd(self) -> Iterator[ConfiguredNetwork]:
        for path in self._first_of_name(_NETWORKD, "*.network"):
            name = path.rpartition("/")[2]
            parts = [self.text(path)]
            tops = [f"{directory}/{name}.d" for directory in _NETWORKD]
            found = networkd.parse(parts[0], path)
            yield found
            for part in self._first_of_name(tops, "*.conf"):
                yield self._of_drop_in(found, part)

    def _of_drop_in(self, main: ConfiguredNetwork, path: HostPath) -> ConfiguredNetwork:
        """Return the routes and addresses of a drop-in: it is for the interfaces of its file."""
        devices = " ".join(dict.fromkeys(link.device for link in main.links))
        # At the end, the lines of the file keep their numbers.
        found = networkd.parse(f"{self.text(path)}\n[Match]\nName={devices}\n", path)
        return ConfiguredNetwork(addresses=found.addresses, routes=found.routes, rules=found.rules)

    def _sysconfig(self) -> Iterator[ConfiguredNetwork]:
        yield sysconfig.ifcfg(self.text(HostPath("/etc/sysconfig/network")), "/etc/sysconfig/network")
        for directory in _SYSCONFIG:
            for path in self.files(directory, "*"):
                kind, _, device = path.rpartition("/")[2].partition("-")
                read = _OF_KIND.get(kind)
                if read is not None and not path.endswith(("~", ".bak", ".orig", ".rpmsave", ".rpmnew")):
                    yield read(self.text(path), path, device)

    def _script(self, path: HostPath) -> ConfiguredNetwork:
        device = path.rpartition("/")[2].removesuffix(".conf") if path.startswith("/etc/wireguard/") else ""
        lines = self.text(path).split("\n", _MANY_LINES)[:_MANY_LINES]
        commands = [
            one for number, line in enumerate(lines, 1) for one in ip_command.commands(line, path=path, number=number)
        ]
        return ConfiguredNetwork.of([*commands, *(item for one in commands for item in ip_command.items(one, device))])

    def exclusions(self) -> Iterator[ConfiguredLink]:
        """Yield the interfaces that NetworkManager leaves alone, as links without management."""
        for pattern in self.unmanaged():
            kind, _, name = pattern.partition(":")
            if kind == "interface-name" and not name.startswith("="):
                yield ConfiguredLink(device=name, program="NetworkManager", is_unmanaged=True)

    def unmanaged(self) -> tuple[str, ...]:
        """Return the patterns of devices that NetworkManager leaves alone: the last file that has some wins."""
        found: tuple[str, ...] = ()
        paths = [HostPath("/etc/NetworkManager/NetworkManager.conf"), *self._first_of_name(_NM_CONF[::-1], "*.conf")]
        for path in paths:
            found = nm_keyfile.unmanaged(self.text(path), found)
        return found

    def tables(self) -> dict[str, int]:
        """Return the numbers of named routing tables."""
        found: dict[str, int] = {}
        paths = [*map(HostPath, _TABLES), *self.files("/etc/iproute2/rt_tables.d", "*.conf")]
        for path in paths:
            for line in self.text(path).split("\n"):
                words = line.split()
                if len(words) > 1 and words[0].isascii() and words[0].isdigit() and len(words[0]) < 11:
                    found[words[1]] = int(words[0])
        return found

    def _first_of_name(self, directories: Iterable[str], pattern: str) -> list[HostPath]:
        """Return the files that are read, by name: one hides files of its name in later directories."""
        found: dict[str, HostPath] = {}
        for directory in directories:
            for path in self.files(directory, pattern):
                found.setdefault(path.rpartition("/")[2], path)
        return [found[name] for name in sorted(found)]

    def files(self, directory: str, pattern: str) -> list[HostPath]:
        """Return the files of a directory by name."""
        try:
            names = self.host.listdir(HostPath(directory))
        except HostError as error:
            if not error.is_absent:
                self.gaps.append(error.missing)
            return []
        wanted = sorted(name for name in names if fnmatchcase(name, pattern) and not name.startswith("."))
        return [HostPath(f"{directory}/{name}") for name in wanted][:_MANY_FILES]

    def text(self, path: HostPath) -> str:
        """Return the text of a file; "" for one that is missing, a directory, or masked by a link to /dev/null."""
        try:
            if self.host.lstat(path, follow=True).kind != "f":
                return ""
            return decode(self.host.read(path, limit_bytes=_MAX_BYTES))
        except HostError as error:
            if not error.is_absent:
                self.gaps.append(error.missing)
            return ""


_OF_KIND: dict[str, Callable[[str, str, str], ConfiguredNetwork]] = {
    "ifcfg": sysconfig.ifcfg,
    "route": sysconfig.routes,
    "route6": sysconfig.routes,
    "ifroute": sysconfig.routes,
    "routes": sysconfig.routes,
    "rule": lambda text, path, device: sysconfig.rules(text, path, version=4),  # noqa: ARG005
    "rule6": lambda text, path, device: sysconfig.rules(text, path, version=6),  # noqa: ARG005
}
