"""Another program holds the VXLAN port of a swarm node."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.network.swarm import PortHolder, SwarmPort


@check(
    severity=Severity.ERROR,
    detail=PortHolder,
    ok="no other program holds the VXLAN port of this swarm node",
    messages=(
        Message(
            names=("vxlan",),
            pattern=r"(?:vxlan interface creation failed for subnet \S+ )?failed to set link up: address already in use",
            example='level=error msg="Failed creating ingress network: network sandbox join failed: subnet sandbox join failed for \\"10.0.0.0/24\\": vxlan interface creation failed for subnet \\"10.0.0.0/24\\": failed to set link up: address already in use"',
            means="another program or another VXLAN device holds the UDP port of the swarm's overlay networks, 4789 by default",
            do="find it with 'ss -ulnp sport = :4789' and 'ip -d link show type vxlan', stop it, and restart the engine; or create the swarm with another --data-path-port",
        ),
        Message(
            pattern=r"(?:error creating vxlan interface|vxlan interface creation failed for subnet \S+): (?:failed to set link up: )?file exists",
            example='network sandbox join failed: subnet sandbox join failed for "10.0.1.0/24": error creating vxlan interface: file exists',
            means="a VXLAN device of an earlier overlay network with the same number is left on this host",
            do="list left devices with 'ip -d link show type vxlan', delete those named vx-… with 'ip link delete NAME', and start the task again",
        ),
    ),
)
def vxlan_port_in_use(port: SwarmPort) -> Iterator[Finding]:
    """Another program holds the UDP port of overlay networks, so no container of a swarm service starts on this node.

    What it looks at:
        On an active swarm node the data path port (4789, or that of ``docker swarm init --data-path-port``): a device
        ``vxlan_sys_PORT`` of Open vSwitch, or a process with a socket on it. Processes are searched only if no running
        container uses an overlay network. Ordinary VXLAN devices of the host share the port, and are not reported.

    Why it matters:
        The node is active and "Ready", but each overlay network fails with "failed to set link up: address already in use", which
        only the engine's log shows; docker says "attaching to network failed ... context deadline exceeded".

    How it is fixed:
        Manually: stop the other program or give it another port, then restart the engine. The port of a swarm can only be set
        when it is created: all nodes leave it, and ``docker swarm init --data-path-port`` creates it again.

    References:
        https://docs.docker.com/reference/cli/docker/swarm/init/#data-path-port
    """
    if port.holder is None:
        return
    holder = port.holder
    who = f"process {holder.pid} ({holder.owner})" if holder.pid else holder.owner
    yield Finding(
        subject=Subject("port", f"{holder.port}/udp"),
        message=f"{who} holds UDP port {holder.port}, which this swarm node needs for overlay networks: their containers don't start here",
        evidence=(Evidence("/proc/net/udp" if holder.pid else "ip -d link", f"port {holder.port}: {holder.owner}"),),
        detail=holder,
    )
