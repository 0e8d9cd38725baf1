"""A container publishes a port on IPv6, and the kernel has none."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Container, Containers, Port
from doctor.facts.engine.state import EngineVersion
from doctor.facts.kernel.kernel import Kernel
from doctor.facts.kernel.sysctl import Sysctl

_BOTH = (20, 10, 6)
"""The release that opens each port without an address on [::] too, whatever the kernel has."""


@check(
    severity=Severity.ERROR,
    ok="no container publishes a port on IPv6 where the kernel has none",
    messages=(
        Message(
            pattern=r"(?:listen (?:tcp6?|udp6?)|socket:?) .*address family not supported by protocol|address family not supported by protocol",
            example="docker: Error response from daemon: driver failed programming external connectivity on endpoint elegant_dirac (e9f85245f5f8): Error starting userland proxy: listen tcp6 [::]:8888: socket: address family not supported by protocol.",
            means="a port is to be opened on IPv6, and this kernel was booted without IPv6; engine 20.10.6 does so for each port",
            do="publish on an IPv4 address (-p 0.0.0.0:8888:80), boot without ipv6.disable=1, or upgrade engine 20.10.6",
        ),
    ),
)
def no_ipv6(
    containers: Containers, sysctl: Sysctl, kernel: Kernel, version: EngineVersion | Missing
) -> Iterator[Finding]:
    """The kernel has no IPv6, and a container publishes a port on an IPv6 address, so it can't start.

    What it looks at:
        Whether /proc/sys/net/ipv6 exists, the boot option ipv6.disable, and the addresses in the port bindings of each
        hostconfig.json. Engine 20.10.6 also opens ports without an address on [::].

    Why it matters:
        The engine's port fails with "address family not supported by protocol", and the container does not start.

    How it is fixed:
        Manually: publish on an IPv4 address, or boot with IPv6. net.ipv6.conf.all.disable_ipv6=1 turns IPv6 off without this
        effect.

    References:
        https://docs.docker.com/engine/release-notes/20.10/#20107
        https://github.com/docker/for-linux/issues/1233
    """
    if sysctl.value("net.ipv4.ip_forward") is None or sysctl.value("net.ipv6.conf.all.disable_ipv6") is not None:
        return
    everywhere = isinstance(version, EngineVersion) and version.release == _BOTH
    for container in containers.items:
        ports = [] if container.host is None else [one for one in container.host.ports if _on_ipv6(one, everywhere)]
        if ports:
            yield _finding(container, ports[0], kernel)


def _on_ipv6(port: Port, everywhere: bool) -> bool:
    return ":" in port.host_ip or (everywhere and not port.host_ip)


def _finding(container: Container, port: Port, kernel: Kernel) -> Finding:
    option = kernel.option("ipv6.disable")
    boot = "" if option is None else f"ipv6.disable={option}"
    wanted = container.host is not None and container.host.restart_policy not in {"", "no"}
    address = port.host_ip or "::"
    return Finding(
        subject=Subject("container", container.title),
        message=f"container {container.title} publishes port {port.host_port} on [{address}], and this kernel has no IPv6: it"
        " can't start",
        severity=None if wanted and not container.stopped_by_hand else Severity.WARNING,
        evidence=(
            Evidence("/proc/sys/net/ipv6", f"no such directory{f' ({boot})' if boot else ''}"),
            Evidence(container.host_config_path, f"port {port.host_port} on [{address}]"),
        ),
    )
