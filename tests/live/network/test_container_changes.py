"""A repair in a container's network namespace takes nothing with it that is not the engine's, and its undo restores all."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from doctor.api.actions.network import ChangeLink
from doctor.api.actions.path.resolver_rules import RestoreResolverRules
from doctor.api.actions.path.routing import delete_address
from doctor.facts.path.details import DockerRoute
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.resolvers import RulelessResolver
from doctor.host import netlink
from doctor.host.live import LiveHost
from doctor.model.step import Netlink, Run
from fixers.network.path.default_route_via_docker import default_route_via_docker

pytestmark = pytest.mark.live


def inside(pid: int, *argv: str, given: str = "") -> str:
    """Run a program of the host in a namespace."""
    argv = ("nsenter", f"--net=/proc/{pid}/ns/net", *argv)
    return subprocess.run(argv, input=given, capture_output=True, text=True, timeout=20, check=True).stdout


def addresses(pid: int) -> list[dict[str, Any]]:
    """Return the addresses that ip shows, without the one that the kernel itself adds in its own time."""
    [link] = json.loads(inside(pid, "ip", "-j", "-d", "addr", "show", "dev", "eth0"))
    found = (info for info in link["addr_info"] if not info["local"].startswith("fe80"))
    return sorted(found, key=lambda info: str(info["local"]))


@pytest.fixture
def pid() -> Iterator[int]:
    """A process in a namespace like a container's."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "300"])
    own = os.stat("/proc/self/ns/net").st_ino
    while os.stat(f"/proc/{holder.pid}/ns/net").st_ino == own:
        pass
    words = ("link set lo up", "link add eth0 type veth peer name v0", "link set v0 up", "link set eth0 up")
    inside(holder.pid, "ip", "-b", "-", given="\n".join((*words, "addr add 10.7.0.2/24 dev eth0", "")))
    try:
        yield holder.pid
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()


def test_an_undo_restores_an_address_as_it_was(pid: int) -> None:
    """Its label, scope and broadcast address are added with it, and no detection of duplicates begins."""
    words = (
        "addr add 10.7.0.99/32 brd 10.7.0.255 scope link label eth0:x dev eth0\naddr add fd07::99/64 nodad dev eth0\n"
    )
    inside(pid, "ip", "-b", "-", given=words)
    before = addresses(pid)
    found = LiveHost().net_namespaces((pid,))[pid]
    assert isinstance(found, NetNamespace)
    for address in (one for one in found.addresses if one.address.endswith("99")):
        request: dict[str, str | int] = {"dev": "eth0", "address": address.text}
        for do in (("addr", "del", request), ("addr", "add", request | address.attributes)):
            netlink.carry_out(Netlink(do=do, pid=pid, inode=found.inode))
        assert not address.is_leased
    assert addresses(pid) == before


def test_an_undo_restores_lifetimes_and_secondaries(pid: int) -> None:
    """A lease ends when it would have ended, and an address of the same network is its secondary again."""
    words = "addr add 10.8.0.9/24 dev eth0 valid_lft 900 preferred_lft 600\naddr add 10.8.0.10/24 dev eth0\n"
    inside(pid, "ip", "-b", "-", given=f"{words}addr add 10.8.0.11/24 dev eth0\n")
    before = addresses(pid)
    found = LiveHost().net_namespaces((pid,))[pid]
    assert isinstance(found, NetNamespace)
    first = next(one for one in found.addresses if one.address == "10.8.0.9")
    changes = tuple(delete_address("eth0", first, found.taken_with(first)))
    for change in changes:
        netlink.carry_out(Netlink(do=change.do, pid=pid, inode=found.inode))
    assert [(one["local"], one.get("secondary")) for one in addresses(pid)] == [
        ("10.7.0.2", None), ("10.8.0.10", None), ("10.8.0.11", True)
    ]  # fmt: skip
    for change in reversed(changes):
        assert change.undo is not None
        netlink.carry_out(Netlink(do=change.undo, pid=pid, inode=found.inode))
    after = addresses(pid)
    for one in (*before, *after):
        for name in ("valid_life_time", "preferred_life_time"):
            one[name] = round(one[name] / 60)
    assert after == before


def test_an_undo_restores_a_route_as_it_was(pid: int) -> None:
    """With who added it, and the sender's address that it prefers: a DHCP client finds its route again."""
    inside(pid, "ip", "-b", "-", given="route add default via 10.7.0.9 dev eth0 proto dhcp src 10.7.0.2 metric 50\n")
    before, inode = inside(pid, "ip", "route"), os.stat(f"/proc/{pid}/ns/net").st_ino
    detail = DockerRoute(
        destination="default", device="eth0", gateway="10.7.0.9", metric=50, protocol="dhcp", source="10.7.0.2"
    )
    [action] = default_route_via_docker(detail)
    assert isinstance(action, ChangeLink)
    assert action.undo is not None
    netlink.carry_out(Netlink(do=action.do, pid=pid, inode=inode))
    assert "default" not in inside(pid, "ip", "route")
    netlink.carry_out(Netlink(do=action.undo, pid=pid, inode=inode))
    assert inside(pid, "ip", "route") == before


def test_rules_of_others_survive_the_restored_ones_and_their_undo(pid: int) -> None:
    """Half of the engine's rules are left, beside another: both stay. A process in another namespace is never touched."""
    inside(
        pid,
        "iptables-restore",
        given="*nat\n:DOCKER_OUTPUT - [0:0]\n-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination "
        "127.0.0.11:2\n-A DOCKER_OUTPUT -p tcp -m tcp --dport 9999 -j RETURN\nCOMMIT\n",
    )

    def rules() -> set[str]:
        return {line for line in inside(pid, "iptables-save", "-t", "nat").splitlines() if line.startswith("-A")}

    before, inode = rules(), os.stat(f"/proc/{pid}/ns/net").st_ino
    for of, succeeds in ((1, False), (inode, True)):
        resolver = RulelessResolver(
            container="c", name="web", pid=pid, inode=of, tcp=1, udp=2, rules={"ip nat DOCKER_OUTPUT": 2}
        )
        [step] = RestoreResolverRules(resolver=resolver).steps(LiveHost())
        assert isinstance(step, Run)
        done = subprocess.run(step.argv, input=step.stdin, capture_output=True, check=False, timeout=20)
        assert (done.returncode == 0) is succeeds, done.stderr
        assert len(rules()) == (len(before) + 5 if succeeds else len(before))
        subprocess.run(step.undo[0], input=step.undo_stdin[0], check=True, timeout=20)
        assert rules() == before
