"""Reads of many network namespaces: `python -m benchmarks.namespaces 500`, as root.

Makes a bridge with so many veths in a namespace of its own, a namespace at the other end of each, and times what a scan reads.
"""

import argparse
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from doctor.collect.path.paths import paths
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Endpoint, Network, Networks
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import SETTINGS, NetNamespaces
from doctor.facts.path.routing import RouteQuestion
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
from doctor.host.live import LiveHost
from doctor.model.missing import Missing, Why

_UNREAD = Missing(Why.ABSENT, "not read here")

_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_SYSCTLS = ("net.ipv4.ip_forward", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.eth0.rp_filter")


def _ip(lines: list[str], *prefix: str) -> None:
    subprocess.run([*prefix, "ip", "-b", "-"], input="\n".join(lines), text=True, check=True, timeout=600)


def _holder() -> int:
    """Start a process in a namespace of its own; it ends with this one."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        _libc.unshare(_CLONE_NEWNET)
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.write(writing, b"x")
        os.close(writing)
        while True:
            signal.pause()
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    return pid


@contextmanager
def namespaces(count: int) -> Iterator[list[int]]:
    """A process in each of so many namespaces, connected to a bridge of this one, which is left for a new namespace first."""
    _libc.unshare(_CLONE_NEWNET)
    _ip(["link set lo up", "link add br0 type bridge", "addr add 10.9.0.1/16 dev br0", "link set br0 up"])
    pids = [_holder() for _ in range(count)]
    try:
        _ip(
            [
                line
                for pid in pids
                for line in (
                    f"link add v{pid} type veth peer name eth0 netns {pid}",
                    f"link set v{pid} master br0 up",
                )
            ]
        )
        for number, pid in enumerate(pids, start=10):
            address = f"10.9.{number >> 8}.{number & 255}/16"
            own = [
                "link set lo up",
                "link set eth0 up",
                f"addr add {address} dev eth0",
                "route add default via 10.9.0.1",
            ]
            _ip(own, "nsenter", f"--net=/proc/{pid}/ns/net")
        yield pids
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


def _best(what: str, count: int, run: Callable[[], object]) -> None:
    figures = []
    for _ in range(5):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        figures.append((time.process_time() - cpu, time.perf_counter() - wall))
    cpu, wall = min(figures)
    print(f"{what:24} {cpu * 1e3:8.1f} ms CPU {wall * 1e3:8.1f} ms, {cpu / count * 1e3:.3f} ms CPU each")


def _facts(host: LiveHost, pids: list[int]) -> tuple[Networks, NetNamespaces]:
    """Return the engine's records of such a network, and its namespaces."""
    network = Network(
        id="n" * 64, name="app", driver="bridge", bridge="br0", subnets=("10.9.0.0/16",), gateway="10.9.0.1/16"
    )
    endpoints = tuple(
        Endpoint(
            id=f"e{pid}",
            network_id=network.id,
            container_id=str(pid),
            container=f"c{pid}",
            ip=f"10.9.{number >> 8}.{number & 255}",
            is_running=True,
        )
        for number, pid in enumerate(pids, start=10)
    )
    found = host.net_namespaces((0, *pids), SETTINGS)
    spaces = {str(pid): one for pid in pids if isinstance(one := found[pid], NetNamespace)}
    own = found[0]
    if not isinstance(own, NetNamespace):
        raise SystemExit(own.reason)
    return Networks(items=(network,), endpoints=endpoints), NetNamespaces(host=own, containers=spaces)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=20)
    count: int = parser.parse_args().count
    host = LiveHost()
    with namespaces(count) as pids:
        questions = [RouteQuestion(pid=pid, destination="192.0.2.1") for pid in pids]
        _best("all listings", count, lambda: host.net_namespaces((0, *pids)))
        _best("the host's alone", count, lambda: host.net_namespaces((0,)))
        _best("three settings", count, lambda: host.net_settings(pids, _SYSCTLS))
        _best("one route", count, lambda: host.routes(questions))
        networks, spaces = _facts(host, pids)
        walked = paths(host, networks, spaces, PathFirewalls(host=RuleLists()), Listeners(), _UNREAD, _UNREAD)
        _best(
            f"{walked.walked} ways walked",
            count,
            lambda: paths(host, networks, spaces, PathFirewalls(host=RuleLists()), Listeners(), _UNREAD, _UNREAD),
        )
        print(f"{walked.delivered} of them arrive, {len(walked.cuts)} cuts, unknown: {walked.unknown[:3]}")


if __name__ == "__main__":
    main()
