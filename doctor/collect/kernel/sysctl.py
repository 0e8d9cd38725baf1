"""Reads kernel settings from /proc/sys, and the files that set them at boot."""

from collections.abc import Iterator

from doctor.facts.kernel.sysctl import Program, Sysctl, SysctlFiles, interface_key
from doctor.formats.kernel import sysctl_conf
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_KEYS = (
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.forwarding",
    "net.ipv4.conf.default.forwarding",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.default.rp_filter",
    "net.ipv4.conf.all.arp_ignore",
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.default.forwarding",
    "net.ipv6.conf.all.disable_ipv6",
    "net.ipv6.conf.lo.disable_ipv6",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.netfilter.nf_conntrack_count",
    "net.netfilter.nf_conntrack_max",
    *(
        f"net.netfilter.nf_conntrack_{name}"
        for name in (
            "tcp_timeout_syn_sent",
            "tcp_timeout_established",
            "tcp_timeout_unacknowledged",
            "tcp_timeout_max_retrans",
            "udp_timeout",
        )
    ),
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "fs.file-nr",
    "fs.file-max",
    "fs.inotify.max_user_instances",
    "fs.inotify.max_user_watches",
    "kernel.pid_max",
    "kernel.threads-max",
    "kernel.modules_disabled",
    "kernel.unprivileged_bpf_disabled",
    "kernel.unprivileged_userns_clone",
    "kernel.apparmor_restrict_unprivileged_userns",
    "kernel.keys.root_maxkeys",
    "vm.overcommit_memory",  # not used by checks, but by the skeleton of a new check (scripts/new_check.py)
    *(f"user.max_{kind}_namespaces" for kind in ("mnt", "uts", "ipc", "pid", "net", "user", "cgroup", "time")),
)
_CONF = {"ipv4": HostPath("/proc/sys/net/ipv4/conf"), "ipv6": HostPath("/proc/sys/net/ipv6/conf")}
_PER_INTERFACE = {"ipv4": ("forwarding", "rp_filter", "arp_ignore"), "ipv6": ("accept_ra", "disable_ipv6")}
_SYSTEMD_MARKS = (HostPath("/run/systemd/system"), HostPath("/lib/systemd/systemd-sysctl"))
_UFW_CONF = HostPath("/etc/ufw/ufw.conf")
_UFW_DEFAULTS = HostPath("/etc/default/ufw")
_UFW_FILE = HostPath("/etc/ufw/sysctl.conf")


@collector
def sysctl(host: Host) -> Sysctl:
    """Return the settings that container hosts depend on, including those of interfaces.

    Those of veths are left out: a host has hundreds of them, and their settings are not configured.
    """
    values: dict[str, str] = {}
    gaps: list[Missing] = []
    for key in (*_KEYS, *_interface_keys(host)):
        try:
            raw = host.read(HostPath(sysctl_conf.proc_path(key)), follow=False)
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
            continue
        values[key] = decode(raw).strip()
    return Sysctl(values=values, gaps=tuple(gaps))


def _interface_keys(host: Host) -> Iterator[str]:
    for family, directory in _CONF.items():
        try:
            names = host.listdir(directory, follow=False)
        except HostError:
            continue
        for name in names:
            if name not in {"all", "default", "lo"} and not name.startswith("veth"):
                yield from (interface_key(name, setting, family=family) for setting in _PER_INTERFACE[family])


@collector
def sysctl_files(host: Host) -> SysctlFiles:
    """Return the lines of each program that this host has, in its order.

    systemd-sysctl reads only sysctl.d; procps' ``sysctl --system`` reads /etc/sysctl.conf after all of it (sysctl(8)),
    whatever a 99-sysctl.conf link says; an enabled ufw applies its own file when it starts (ufw-framework(8), IPT_SYSCTL).
    """
    reader = _SysctlReader(host)
    paths = reader.paths()
    by_systemd = any(host.exists(mark) for mark in _SYSTEMD_MARKS) or host.exists(
        HostPath("/usr/lib/systemd/systemd-sysctl")
    )
    programs = []
    if by_systemd:
        order = sysctl_conf.effective_order(paths)
        programs.append(_program("systemd-sysctl", "at the next boot", reader.settings(order)))
    order = sysctl_conf.effective_order(paths, legacy_last=True)
    when = "when 'sysctl --system' runs next" if by_systemd else "at the next boot"
    programs.append(_program("sysctl --system", when, reader.settings(order), at_boot=not by_systemd))
    ufw = reader.ufw_file()
    if ufw is not None:
        programs.append(_program("ufw", "when ufw starts at the next boot", reader.settings((ufw,))))
    return SysctlFiles(programs=tuple(programs), real=reader.real, gaps=tuple(reader.gaps))


def _program(name: str, when: str, settings: tuple[sysctl_conf.SysctlSetting, ...], *, at_boot: bool = True) -> Program:
    return Program(name=name, when=when, at_boot=at_boot, settings=settings)


class _SysctlReader:
    """Reads each file once, even if two programs apply it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._read: dict[str, tuple[sysctl_conf.SysctlSetting, ...]] = {}
        self.real: dict[str, HostPath] = {}
        self.gaps: list[Missing] = []

    def paths(self) -> tuple[str, ...]:
        """Return every file that a program may read; of a directory with two names (merged /usr) only the first."""
        found: list[str] = []
        seen: set[str] = set()
        for directory in sysctl_conf.DIRECTORIES:
            try:
                names = self._host.listdir(HostPath(directory))
            except HostError as error:
                if not error.is_absent:
                    self.gaps.append(error.missing)
                continue
            resolved = self._host.resolve(HostPath(directory))
            if resolved not in seen:
                seen.add(resolved)
                found.extend(f"{directory}/{name}" for name in names if name.endswith(".conf"))
        if self._host.exists(HostPath(sysctl_conf.LEGACY)):
            found.append(sysctl_conf.LEGACY)
        return tuple(found)

    def settings(self, order: tuple[str, ...]) -> tuple[sysctl_conf.SysctlSetting, ...]:
        """Return the lines of the files, in order."""
        return tuple(setting for path in order for setting in self._file(path))

    def _file(self, path: str) -> tuple[sysctl_conf.SysctlSetting, ...]:
        if path not in self._read:
            self._read[path] = self._parse(path)
        return self._read[path]

    def _parse(self, path: str) -> tuple[sysctl_conf.SysctlSetting, ...]:
        try:
            real = self._host.resolve(HostPath(path))
            if real == "/dev/null":
                return ()
            raw = self._host.read(real, limit_bytes=1 << 20)
        except HostError as error:
            if not error.is_absent:
                self.gaps.append(error.missing)
            return ()
        if real != path:
            self.real[path] = real
        return sysctl_conf.parse(decode(raw), path)

    def ufw_file(self) -> str | None:
        """Return the file that ufw applies at its start, or ``None`` if ufw is disabled or not installed."""
        if self._variable(_UFW_CONF, "ENABLED").lower() != "yes":
            return None
        return self._variable(_UFW_DEFAULTS, "IPT_SYSCTL") or _UFW_FILE

    def _variable(self, path: HostPath, name: str) -> str:
        try:
            text = decode(self._host.read(path, limit_bytes=1 << 20))
        except HostError as error:
            if not error.is_absent:
                self.gaps.append(error.missing)
            return ""
        for line in text.splitlines():
            key, equals, value = line.strip().partition("=")
            if equals and key == name:
                return value.strip().strip("\"'")
        return ""
