"""The kinds of traffic by which a host is judged, all at once; a kind that fails is tried a second time, more patiently."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS, BOX_ADDRESS
from tests.hosts.reach import BOX_ADDRESS6

CONTAINERS = ("web", "lo", "app1", "app2")
FAR6 = "2001:db8:80::80"
"""An address outside that only the default route leads to."""

_SECONDS = (5, 3)
"""The time of the first try, and of the second one after an early failure."""

_LONG = "x" * 4000


def _new(url: str) -> str:
    """A new container tries twice by itself: it is started once."""
    ask = f"wget -q -T 2 -O - {url}"
    return f"docker run --rm bb:1 sh -c '{ask} || {ask}'"


# kind → (container or "", command): the program of the container, in its namespaces.
_WAYS = {
    4: {
        "egress-new": ("", _new(f"http://{ADDRESS}/")),
        "egress-web": ("web", f"wget -q -T 2 -O - http://{ADDRESS}/"),
        "egress-app": ("app1", f"wget -q -T 2 -O - http://{ADDRESS}/"),
        "egress-big": ("app1", f"wget -q -T 2 -O - --post-data={_LONG} http://{ADDRESS}/"),
        "local-8080": ("", "busybox wget -q -T 2 -O - http://127.0.0.1:8080/"),
        "local-8082": ("", "busybox wget -q -T 2 -O - http://127.0.0.1:8082/"),
        "peer": ("app1", "wget -q -T 2 -O - http://10.88.0.3/"),
        "hairpin": ("app1", f"wget -q -T 2 -O - http://{BOX_ADDRESS}:8081/"),
        # An address that the fault has put into /etc/hosts would not answer: ask as programs do, and then use it.
        "name-inside": ("app1", "wget -q -T 2 -O - http://app2/"),
        "name-outside": ("app1", "wget -q -T 2 -O - http://host.test/"),
    },
    6: {
        "egress6-new": ("", _new(f"http://[{FAR6}]/")),
        "egress6-web": ("web", f"wget -q -T 2 -O - http://[{FAR6}]/"),
        "egress6-app": ("app1", f"wget -q -T 2 -O - http://[{FAR6}]/"),
        "local6-8081": ("", "busybox wget -q -T 2 -O - http://[::1]:8081/"),
        "peer6": ("app1", "wget -q -T 2 -O - http://[fd00:88::3]/"),
        "hairpin6": ("app1", f"wget -q -T 2 -O - http://[{BOX_ADDRESS6}]:8081/"),
        "host6": ("", "busybox wget -q -T 2 -O - http://[fd00:88::2]/"),
        "egress-app": ("app1", f"wget -q -T 2 -O - http://{ADDRESS}/"),
    },
}
_PORTS = {
    4: {"port-8080": (BOX_ADDRESS, 8080), "port-8081": (BOX_ADDRESS, 8081)},
    6: {"port6-8080": (f"[{BOX_ADDRESS6}]", 8080), "port6-8081": (f"[{BOX_ADDRESS6}]", 8081)},
}


def kinds(version: int) -> tuple[str, ...]:
    """The kinds of traffic of a host."""
    return (*_WAYS[version], *_PORTS[version])


def dead(box: Box, version: int = 4) -> tuple[str, ...]:
    """The kinds that fail twice."""
    running = pids(box)
    with ThreadPoolExecutor(3) as pool:
        inner = pool.submit(_inside, box, version, running)
        outer = {name: pool.submit(_fetch, box, address, port) for name, (address, port) in _PORTS[version].items()}
        alive = {name for name, answer in outer.items() if answer.result()} | inner.result()
    return tuple(name for name in kinds(version) if name not in alive)


def _fetch(box: Box, address: str, port: int) -> bool:
    return any("hello" in box.fetch(port, address=address, timeout=seconds + 1) for seconds in _SECONDS)


def _inside(box: Box, version: int, running: dict[str, str]) -> set[str]:
    lines = [
        "d=$(mktemp -d)",
        'once() { n=$1; s=$2; shift 2; timeout $s "$@" >$d/$n 2>/dev/null && { [ -s $d/$n ] && echo $n; }; }',
        f'try() {{ n=$1; shift; once $n {_SECONDS[0]} "$@" || [ $? = 124 ] || once $n {_SECONDS[1]} "$@"; }}',
    ]
    for name, (container, command) in _WAYS[version].items():
        # An engine without a process of that name has stopped it.
        pid = running.get(container, "0")
        if not container or pid not in {"", "0"}:
            enter = f"nsenter -t {pid} -m -n " if container else ""
            how = f"once {name} {sum(_SECONDS)}" if "docker run" in command else f"try {name}"
            lines.append(f"{how} {enter}{command} &")
    try:
        done = box.run(["sh", "-c", "\n".join([*lines, "wait"])], check=False, timeout=sum(_SECONDS) + 20)
    except subprocess.TimeoutExpired as late:
        return set(str(late.stdout or "").split())
    return set(done.stdout.split())


def pids(box: Box) -> dict[str, str]:
    """The first process of each container: unchanged where a repair restarted none."""
    form = "{{.Name}} {{.State.Pid}}"
    done = box.run(["docker", "inspect", "-f", form, *CONTAINERS], check=False)
    return dict(line.removeprefix("/").split(" ", 1) for line in done.stdout.splitlines() if " " in line)
