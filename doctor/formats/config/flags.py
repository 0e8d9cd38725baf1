"""Parses the command line of dockerd like its flag library (spf13/pflag)."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

BOOLEANS = frozenset({
    "allow-direct-routing", "cri-containerd", "debug", "disable-legacy-registry", "experimental", "help", "icc", "init",
    "ip-forward", "ip-forward-no-drop", "ip-masq", "ip6tables", "iptables", "ipv6", "live-restore", "no-new-privileges",
    "raw-logs", "rootless", "selinux-enabled", "tls", "tlsverify", "userland-proxy", "validate", "version",
})  # fmt: skip
"""Flags that take no separate value: `--icc false` is "--icc" and an argument that dockerd rejects."""

LISTS = {
    "add-runtime": "runtimes", "allow-nondistributable-artifacts": "allow-nondistributable-artifacts",
    "authorization-plugin": "authorization-plugins", "cdi-spec-dir": "cdi-spec-dirs",
    "cluster-store-opt": "cluster-store-opts", "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts", "default-ulimit": "default-ulimits", "dns": "dns",
    "dns-opt": "dns-opts", "dns-search": "dns-search", "exec-opt": "exec-opts", "feature": "features", "host": "hosts",
    "host-gateway-ip": "host-gateway-ips", "insecure-registry": "insecure-registries", "label": "labels",
    "log-opt": "log-opts", "node-generic-resource": "node-generic-resources", "registry-mirror": "registry-mirrors",
    "storage-opt": "storage-opts",
}  # fmt: skip
"""Flags that may be repeated, and the key of daemon.json that holds the whole list."""

_STRINGS = frozenset({
    "api-cors-header", "bip", "bip6", "bridge", "bridge-accept-fwmark", "cgroup-parent", "cluster-advertise",
    "cluster-store", "config-file", "containerd", "containerd-namespace", "containerd-plugins-namespace",
    "cpu-rt-period", "cpu-rt-runtime", "data-root", "default-cgroupns-mode", "default-gateway", "default-gateway-v6",
    "default-ipc-mode", "default-runtime", "default-shm-size", "default-stop-timeout", "exec-root", "firewall-backend",
    "fixed-cidr", "fixed-cidr-v6", "graph", "group", "http-proxy", "https-proxy", "init-path", "ip", "log-driver",
    "log-format", "log-level", "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts",
    "metrics-addr", "mtu", "network-control-plane-mtu", "network-diagnostic-port", "no-proxy", "oom-score-adjust",
    "pidfile", "restart", "seccomp-profile", "shutdown-timeout", "storage-driver", "swarm-default-advertise-addr",
    "tlscacert", "tlscert", "tlskey", "userland-proxy-path", "userns-remap",
})  # fmt: skip

KNOWN = BOOLEANS | _STRINGS | frozenset(LISTS)
"""Every flag of dockerd from 17.06 to 29 (moby: cmd/dockerd/config.go, config_unix.go, options.go)."""

SHORT = {
    "D": "debug", "G": "group", "H": "host", "b": "bridge", "e": "exec-driver", "g": "graph", "h": "help",
    "l": "log-level", "p": "pidfile", "s": "storage-driver", "v": "version",
}  # fmt: skip

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class Flag(Struct, frozen=True, kw_only=True):
    """One flag as given.

    Attributes:
        name: the long name without dashes ("log-driver"), also for the short form.
        value: its value; "true" for a boolean given without one, "" if the value is missing.
        index: place of its (first) word in the arguments.
        words: how many words it takes, 1 (`--x=v`, `-Hv`) or 2 (`--x v`). Joined short flags share their word: a
            second or later one without a word of its own has 0.
    """

    name: str
    value: str
    index: int
    words: int

    @property
    def is_known(self) -> bool:
        """Whether any dockerd has this flag."""
        return self.name in KNOWN


class CommandLine(Struct, frozen=True, kw_only=True):
    """The arguments after the program's name.

    Attributes:
        flags: in the order given.
        arguments: words that are not flags; dockerd refuses to start with any (except "daemon" of very old ones).
    """

    flags: tuple[Flag, ...]
    arguments: tuple[str, ...]

    def values(self, name: str) -> tuple[str, ...]:
        """All values given for a flag, in order."""
        return tuple(flag.value for flag in self.flags if flag.name == name)

    def last(self, name: str) -> str | None:
        """The effective value of a flag that isn't a list: the last; None if it isn't given."""
        values = self.values(name)
        return values[-1] if values else None


def parse(argv: Sequence[str]) -> CommandLine:
    """The flags and arguments of dockerd, from its argv **without** the program's name.

    Never raises: an unknown flag takes the next word as its value unless that begins with a dash.
    Source: spf13/pflag, `FlagSet.parseLongArg`, `parseShortArg`.

    >>> line = parse(["-H", "fd://", "--log-driver=journald", "--icc=false", "-Dl", "warn"])
    >>> line.last("log-driver"), line.last("icc"), line.last("debug"), line.values("host")
    ('journald', 'false', 'true', ('fd://',))
    """
    flags: list[Flag] = []
    arguments: list[str] = []
    index = 0
    while index < len(argv):
        word = argv[index]
        if word == "--":
            arguments.extend(argv[index + 1 :])
            break
        if len(word) < 2 or word[0] != "-":
            arguments.append(word)
            index += 1
            continue
        found = list(_long(argv, index) if word.startswith("--") else _short(argv, index))
        flags.extend(found)
        index += max(1, *(flag.words for flag in found)) if found else 1
    return CommandLine(flags=tuple(flags), arguments=tuple(arguments))


def parse_bool(value: str) -> bool | None:
    """A boolean as Go's strconv.ParseBool reads it; None for anything else.

    >>> parse_bool("T"), parse_bool("0"), parse_bool("yes")
    (True, False, None)
    """
    if value in _TRUE:
        return True
    return False if value in _FALSE else None


def config_key(flag: str) -> str:
    """The key of daemon.json for a flag: dockerd refuses to start when both are given.

    >>> config_key("host"), config_key("log-driver")
    ('hosts', 'log-driver')
    """
    return LISTS.get(flag, flag)


def _takes_next(name: str, argv: Sequence[str], index: int) -> bool:
    """Whether the word after a flag without "=" is its value."""
    if name in BOOLEANS or index + 1 >= len(argv):
        return False
    return name in KNOWN or not argv[index + 1].startswith("-")


def _long(argv: Sequence[str], index: int) -> Iterator[Flag]:
    name, equals, value = argv[index][2:].partition("=")
    if equals:
        yield Flag(name=name, value=value, index=index, words=1)
    elif _takes_next(name, argv, index):
        yield Flag(name=name, value=argv[index + 1], index=index, words=2)
    else:
        yield Flag(name=name, value="" if name in KNOWN - BOOLEANS else "true", index=index, words=1)


def _short(argv: Sequence[str], index: int) -> Iterator[Flag]:
    letters = argv[index][1:]
    words = 1
    while letters:
        name, letters = SHORT.get(letters[0], letters[0]), letters[1:]
        if letters.startswith("="):
            yield Flag(name=name, value=letters[1:], index=index, words=words)
            return
        if name in BOOLEANS:
            yield Flag(name=name, value="true", index=index, words=words)
            words = 0
            continue
        if letters:
            yield Flag(name=name, value=letters, index=index, words=words)
        elif _takes_next(name, argv, index):
            yield Flag(name=name, value=argv[index + 1], index=index, words=2)
        else:
            yield Flag(name=name, value="", index=index, words=words)
        return
