"""The eleven kinds of traffic by which a host is judged."""

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS, BOX_ADDRESS

CHECKS = (
    "egress-new",
    "egress-web",
    "egress-app",
    "port-8080",
    "port-8081",
    "local-8080",
    "local-8082",
    "peer",
    "hairpin",
    "name-inside",
    "name-outside",
)
CONTAINERS = ("web", "lo", "app1", "app2")
_GET = ("wget", "-q", "-T", "2", "-O", "-")


def dead(box: Box) -> tuple[str, ...]:
    """The checks that fail, a second time too if they failed once."""
    first = _fail(box, CHECKS)
    return _fail(box, first) if first else ()


def _fail(box: Box, wanted: tuple[str, ...]) -> tuple[str, ...]:
    with ThreadPoolExecutor(6) as pool:
        results = dict(zip(wanted, pool.map(lambda name: _WAYS[name](box), wanted), strict=True))
    return tuple(name for name in wanted if not results[name])


def _docker(box: Box, *arguments: str) -> bool:
    try:
        done = box.run(["timeout", "8", "docker", *arguments], check=False, timeout=12)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


def _get(name: str, url: str) -> Callable[[Box], bool]:
    return lambda box: _docker(box, "exec", name, *_GET, url)


def _local(port: int) -> Callable[[Box], bool]:
    def look(box: Box) -> bool:
        done = box.run(["busybox", *_GET, f"http://127.0.0.1:{port}/"], check=False, timeout=8)
        return done.returncode == 0 and "hello" in done.stdout

    return look


def _name(name: str) -> Callable[[Box], bool]:
    # An address that the fault has put into /etc/hosts would not answer: ask as programs do, and then use it.
    return lambda box: _docker(box, "exec", "app1", *_GET, f"http://{name}/")


_WAYS: dict[str, Callable[[Box], bool]] = {
    "egress-new": lambda box: _docker(box, "run", "--rm", "bb:1", *_GET, f"http://{ADDRESS}/"),
    "egress-web": _get("web", f"http://{ADDRESS}/"),
    "egress-app": _get("app1", f"http://{ADDRESS}/"),
    "port-8080": lambda box: "hello" in box.fetch(8080),
    "port-8081": lambda box: "hello" in box.fetch(8081),
    "local-8080": _local(8080),
    "local-8082": _local(8082),
    "peer": _get("app1", "http://10.88.0.3/"),
    "hairpin": _get("app1", f"http://{BOX_ADDRESS}:8081/"),
    "name-inside": _name("app2"),
    "name-outside": _name("host.test"),
}


def pids(box: Box) -> dict[str, str]:
    """The first process of each container: unchanged where a repair restarted none."""
    return {
        name: box.run(["docker", "inspect", "-f", "{{.State.Pid}}", name], check=False).stdout.strip()
        for name in CONTAINERS
    }
