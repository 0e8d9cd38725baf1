"""The firewall rules of a container that publishes ports."""

from doctor.runtime.network import nat
from doctor.runtime.plan.container import Bridge, NetPlan, Publish


def test_firewall_rules_of_a_published_port() -> None:
    bridge = Bridge(name="br0", address="10.1.2.3/20", gateway="10.1.0.1")
    net = NetPlan(
        kind="bridge",
        bridge=bridge,
        masquerade=True,
        publish=(
            Publish(host_port=80, container_port=8080),
            Publish(host_port=53, container_port=53, protocol="udp", host_ip="192.0.2.1"),
        ),
    )
    lines = [f"{table} {chain} {' '.join(match)}" for table, chain, match in nat.rules(net, bridge)]
    assert (
        "nat PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 80 -j DNAT --to-destination 10.1.2.3:8080" in lines
    )
    assert "nat PREROUTING -d 192.0.2.1 -p udp --dport 53 -j DNAT --to-destination 10.1.2.3:53" in lines
    assert "nat POSTROUTING -s 10.1.0.0/20 ! -o br0 -j MASQUERADE" in lines
    assert "masquerade" in nat.nft_script("t", net, bridge)
