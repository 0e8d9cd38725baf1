"""Values of settings that have the right type and still can't work: ``dockerd --validate`` accepts them.

From Moby's start-up code (``daemon/daemon.go``, ``daemon_unix.go``, ``config/config.go``, ``libnetwork``, ``registry``), each rule
verified with a real start of 26.1.
"""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from msgspec import Struct

from doctor.facts.config.engine import EngineConfig
from doctor.facts.secrets.redact import as_json

Release = tuple[int, int, int] | None
LOG_LEVELS = ("panic", "fatal", "error", "warn", "warning", "info", "debug", "trace")
LEAST_FILES = 7
"""With a lower limit of open files in a container, runc fails before the container's program ("too many open files")."""
_BUILT_IN_RUNTIMES = re.compile(r"runc|io\.containerd\.[\w.-]+|/.+")


class ValueProblem(Struct, frozen=True, kw_only=True):
    """One value that can't work.

    Attributes:
        key: the setting.
        why: the problem, in the words of the engine's log if it logs one.
        stops: whether the engine does not start; otherwise containers fail or the value has no effect.
        halts: whether new containers do not start, although the engine does.
        follows: the consequence of a value that does not stop the engine, "" for the usual one.
    """

    key: str
    why: str
    stops: bool = True
    halts: bool = False
    follows: str = ""


class UnfitPlace(Struct, frozen=True, kw_only=True):
    """A thing that a setting names and the engine can't use: the setting, the reason, and whether the engine does not start."""

    key: str
    why: str
    stops: bool = True


class NamedThings(Struct, frozen=True, kw_only=True):
    """Paths, groups and users that settings name, and whether they exist on the host.

    Attributes:
        missing_paths: setting → a path that it names and that does not exist.
        unfit: files, directories, programs and plugins that exist in another form than needed, or are missing.
        groups: names in /etc/group; ``users`` in /etc/passwd; empty if the file can't be read.
        needs_systemd: whether the cgroup driver systemd is configured and no systemd runs.
        seccomp_problem: why the file that ``seccomp-profile`` names is not a valid profile.
        most_files: the kernel's largest limit of open files (``fs.nr_open``), 0 if unknown.
        binds_foreign: whether programs may bind to addresses that no interface has (``ip_nonlocal_bind``).
    """

    missing_paths: dict[str, str]
    unfit: tuple[UnfitPlace, ...] = ()
    groups: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    needs_systemd: bool = False
    seccomp_problem: str = ""
    most_files: int = 0
    binds_foreign: bool = False


def problems(config: EngineConfig, release: Release) -> Iterator[ValueProblem]:
    """Yield every value of the effective settings that can't work on this host with this release."""
    for key, rule in _RULES.items():
        value = config.settings.get(key)
        why = rule(value.value) if value is not None and value.value not in (None, "") else ""
        if why:
            yield ValueProblem(key=key, why=why)
    yield from _together(config, release)


def _cidr(value: Any) -> str:
    try:
        ip_network(str(value), strict=False)
    except ValueError:
        return f"invalid CIDR address: {value}"
    return "" if "/" in str(value) else f"invalid CIDR address: {value}"


def _bip(value: Any) -> str:
    why = _cidr(value)
    if why:
        return why
    interface = ip_interface(str(value))
    is_host = interface.network.prefixlen >= interface.network.max_prefixlen - 1
    if interface.ip == interface.network.network_address and not is_host:
        return f"{value} is the network's own address: bip must be the bridge's address in it"
    return ""


def _address(value: Any) -> str:
    try:
        ip_address(str(value))
    except ValueError:
        return f"{value} is not an IP address"
    return ""


def _addresses(value: Any) -> str:
    return next((why for item in value if (why := _address(item))), "") if isinstance(value, list) else ""


def _labels(value: Any) -> str:
    values: dict[str, str] = {}
    for label in value if isinstance(value, list) else ():
        # The real values are compared: two masked values would look equal.
        name, equals, text = (label[:] if isinstance(label, str) else str(label)).partition("=")
        if not equals:
            return f"bad attribute format: {label}"
        if name.startswith(("com.docker.", "io.docker.", "org.dockerproject.")):
            return f"label {name} is in a namespace reserved for Docker's own use"
        if values.setdefault(name, text) != text:
            return f"conflict labels for {name}: it is given twice with different values"
    return ""


def _mirrors(value: Any) -> str:
    for mirror in value if isinstance(value, list) else ():
        if not re.match(r"https?://[^/]", str(mirror)):
            return f'invalid mirror: unsupported scheme in "{mirror}"'
        if re.search(r"://[^/]*@", str(mirror)):
            return f'invalid mirror: username/password not allowed in URI "{mirror}"'
        if re.search(r"[?#]", str(mirror)):
            return f'invalid mirror: query or fragment at end of "{mirror}"'
    return ""


def _pools(value: Any) -> str:
    for pool in value if isinstance(value, list) else ():
        if not isinstance(pool, dict):
            continue
        base, size = pool.get("base"), pool.get("size")
        why = _cidr(base)
        if why:
            return why
        network = ip_network(str(base), strict=False)
        if not isinstance(size, int) or not network.prefixlen <= size <= network.max_prefixlen:
            return f"invalid pools size: {size} for {base}"
    return ""


def _hosts(value: Any) -> str:
    for host in value if isinstance(value, list) else ():
        text = str(host)
        if "://" in text and not text.startswith(("unix://", "fd://", "tcp://", "npipe://", "http://", "ssh://")):
            return f"invalid bind address format: {text}"
        port = re.fullmatch(r"tcp://.*:(\d+)/?", text)
        if port and int(port[1]) > 65535:
            return f"invalid bind address format: {text}"
    return ""


def _ulimits(value: Any) -> str:
    for name, limit in value.items() if isinstance(value, dict) else ():
        soft, hard = (limit.get(word) for word in ("Soft", "Hard")) if isinstance(limit, dict) else (None, None)
        if isinstance(soft, int) and isinstance(hard, int) and soft > hard >= 0:
            return f"ulimit {name}: soft limit {soft} is above the hard limit {hard}"
    return ""


def _files_limit(value: Any) -> int | None:
    limit = value.get("nofile") if isinstance(value, dict) else None
    soft = limit.get("Soft") if isinstance(limit, dict) else None
    return soft if isinstance(soft, int) and not isinstance(soft, bool) else None


def _ulimit_numbers(value: Any) -> str:
    for name, limit in value.items() if isinstance(value, dict) else ():
        for word in ("Soft", "Hard"):
            number = limit.get(word) if isinstance(limit, dict) else None
            if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
                return f"ulimit {name}: {word} must be a number, not {as_json(number)}"
    return ""


def _size(value: Any) -> str:
    """go-units accepts a number, and one of k, m, g, t, p, with or without i and b."""
    good = isinstance(value, int) or re.fullmatch(r"\d+(\.\d+)*\s?([kKmMgGtTpP][iI]?)?[bB]?", str(value))
    return "" if good else f"invalid size: {as_json(value)}"


def _one_of(*words: str) -> Callable[[Any], str]:
    def rule(value: Any) -> str:
        return "" if value in words else f"{as_json(value)} is not one of {', '.join(words)}"

    return rule


def _not_negative(value: Any) -> str:
    return f"{value} is negative" if isinstance(value, int) and value < 0 else ""


def _runtimes(value: Any) -> str:
    if isinstance(value, dict) and "runc" in value:
        return "runtime name 'runc' is reserved"
    return ""


_RULES: dict[str, Callable[[Any], str]] = {
    "bip": _bip,
    "bip6": _bip,
    "default-address-pools": _pools,
    "default-cgroupns-mode": _one_of("host", "private"),
    "default-gateway": _address,
    "default-gateway-v6": _address,
    "default-ipc-mode": _one_of("private", "shareable"),
    "default-shm-size": _size,
    "default-ulimits": _ulimit_numbers,
    "dns": _addresses,
    "firewall-backend": _one_of("iptables", "nftables"),
    "fixed-cidr": _cidr,
    "fixed-cidr-v6": _cidr,
    "hosts": _hosts,
    "ip": _address,
    "labels": _labels,
    "log-format": _one_of("text", "json"),
    "log-level": _one_of(*LOG_LEVELS),
    "max-concurrent-downloads": _not_negative,
    "max-concurrent-uploads": _not_negative,
    "mtu": _not_negative,
    "registry-mirrors": _mirrors,
    "runtimes": _runtimes,
}


def _together(config: EngineConfig, release: Release) -> Iterator[ValueProblem]:
    """Yield settings that exclude each other."""
    if config.get("icc") is False and config.get("iptables") is False:
        yield ValueProblem(key="icc", why="icc=false needs iptables, which is also off")
    bridge = config.get("bridge")
    if bridge not in (None, "") and config.is_set("bip"):
        yield ValueProblem(key="bip", why="bip and bridge exclude each other")
    if release is not None and release < (27, 0) and config.get("ipv6") is True and not config.is_set("fixed-cidr-v6"):
        yield ValueProblem(key="ipv6", why="IPv6 is enabled for the default bridge, but no subnet is configured")
    if config.is_set("host-gateway-ip") and config.is_set("host-gateway-ips") and (release or (28, 0)) >= (28, 0):
        yield ValueProblem(key="host-gateway-ip", why="host-gateway-ip and host-gateway-ips are the same setting")
    runtime = config.get("default-runtime")
    known = config.get("runtimes") or {}
    if isinstance(runtime, str) and runtime and not _BUILT_IN_RUNTIMES.fullmatch(runtime) and runtime not in known:
        yield ValueProblem(key="default-runtime", why=f"specified default runtime '{runtime}' does not exist")
    yield from _exec_options(config, release)
    files = _files_limit(config.get("default-ulimits"))
    if files is not None and 0 <= files < LEAST_FILES:
        why = f"ulimit nofile: a runtime needs {LEAST_FILES} open files to start a container, not {files}"
        yield ValueProblem(key="default-ulimits", why=why, stops=False, halts=True)
    soft = _ulimits(config.get("default-ulimits"))
    if soft:
        yield ValueProblem(key="default-ulimits", why=soft, stops=False)
    wait = config.get("shutdown-timeout")
    if isinstance(wait, int) and wait < 0:
        yield ValueProblem(key="shutdown-timeout", why=f"{wait} waits forever", stops=False)


def _exec_options(config: EngineConfig, release: Release) -> Iterator[ValueProblem]:
    driver = ""
    for option in config.get("exec-opts") or ():
        name, _, value = str(option).partition("=")
        if name.strip() != "native.cgroupdriver":
            stops = release is not None and release >= (28, 0)
            yield ValueProblem(key="exec-opts", why=f"unknown option: {option}", stops=stops)
        elif value not in {"systemd", "cgroupfs"}:
            yield ValueProblem(key="exec-opts", why=f"invalid cgroup driver: {value}")
        else:
            driver = value
    parent = config.get("cgroup-parent")
    if driver == "systemd" and isinstance(parent, str) and parent and not parent.endswith(".slice"):
        why = f'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice", not {parent!r}'
        yield ValueProblem(key="cgroup-parent", why=why)
