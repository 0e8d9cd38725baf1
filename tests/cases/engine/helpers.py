"""Cases of the programs that serve running containers: shims, docker-proxy, containerd."""

import json
from collections.abc import Callable
from pathlib import Path

from doctor.host.recorded import RecordedAnswers
from doctor.model.process import Process
from tests.cases.case import Case
from tests.cases.containers.should_run import RUNS, web, with_runtime_state
from tests.cases.firewall.host import Host
from tests.cases.roots import WEB, Tree, build

_SHIM, _PROXY, _CONTAINERD = (
    "/usr/bin/containerd-shim-runc-v2",
    "/usr/sbin/docker-proxy",
    "/usr/bin/containerd",
)
_ROW = "{}: {}:{:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 {} 1 0 100 0 0 10 0\n"


class Story:
    """A case of one of the checks: the host, and the subjects of its findings."""

    def __init__(
        self,
        name: str,
        about: str,
        host: tuple[Callable[[Path], None], Callable[[], RecordedAnswers]],
        *subjects: tuple[str, str],
    ) -> None:
        self._name, self._about, self._host, self._subjects = name, about, host, subjects

    def case(self) -> Case:
        """The case that the tests run."""
        check = f"engine/{self._name.partition('/')[0]}"
        fill, recorded = self._host
        return Case(
            name=f"engine/{self._name}",
            about=self._about,
            findings=sorted((check, *subject) for subject in self._subjects),
            fix="manual" if self._subjects else "none",
            select=(check,),
            fill=fill,
            recorded=recorded,
            files=Host().special,
        )


def running(*helpers: tuple[str, str, tuple[str, ...]]) -> tuple[Callable[[Path], None], Callable[[], RecordedAnswers]]:
    """A host with one running container and helpers: program, state, arguments."""

    def fill(top: Path) -> None:
        tree: Tree = build("image", "container", "network")
        with_runtime_state(web(RUNS))(tree)
        tree.write(top)

    def answers() -> RecordedAnswers:
        every = [("/sbin/init", "S", ()), ("/usr/sbin/dockerd", "S", ()), *helpers]
        processes = tuple(
            Process(pid=number, ppid=1, start_ticks=1, state=state, comm="x", exe=program, argv=(program, *arguments))
            for number, (program, state, arguments) in enumerate(every, start=1)
        )
        return RecordedAnswers(live=True, processes=processes)

    return fill, answers


def listening(
    *ports: tuple[str, int], settings: str = "{}", save: Callable[[str], str] = str
) -> tuple[Callable[[Path], None], Callable[[], RecordedAnswers]]:
    """The host of the firewall's cases, whose containers publish 8080, 8081 and 127.0.0.1:8082, with its listening sockets."""
    host = Host()
    host.save = save(host.save)
    rows = (
        _ROW.format(number, "".join(f"{int(part):02X}" for part in reversed(address.split("."))), port, 4711 + number)
        for number, (address, port) in enumerate(ports)
    )
    host.file("/proc/net/tcp", "  sl  local_address\n" + "".join(rows))
    host.file("/etc/docker/daemon.json", settings)
    return host.fill, host.answers


_ALL = ("0.0.0.0", 8080), ("0.0.0.0", 8081), ("127.0.0.1", 8082)
_OFF = json.dumps({"userland-proxy": False})
CASES = (
    Story(
        "helper-stopped/shim",
        "the container's shim was stopped with kill -STOP",
        running((_SHIM, "T", ("-namespace", "moby", "-id", WEB))),
        ("process", "containerd-shim-runc-v2 of web"),
    ),
    Story(
        "helper-stopped/containerd",
        "containerd was stopped with kill -STOP",
        running((_CONTAINERD, "T", ())),
        ("process", "containerd"),
    ),
    Story(
        "helper-stopped/healthy",
        "the shim sleeps, a debugger holds containerd, and a stopped shim serves Kubernetes alone",
        running(
            (_SHIM, "S", ("-namespace", "moby", "-id", WEB)),
            (_CONTAINERD, "t", ()),
            (_SHIM, "T", ("-namespace", "k8s.io", "-id", "f" * 64)),
        ),
    ),
    Story(
        "docker-proxy-gone/killed",
        "the kernel killed the docker-proxy of a port for lack of memory, and another one remains",
        listening(*_ALL[1:]),
        ("container", "web"),
    ),
    Story(
        "docker-proxy-gone/all",
        "somebody killed each docker-proxy of two containers: one finding for all",
        listening(),
        ("program", "docker-proxy"),
    ),
    Story("docker-proxy-gone/healthy", "each published port has its docker-proxy", listening(*_ALL)),
    Story("docker-proxy-gone/healthy-off", "the settings switch docker-proxy off", listening(settings=_OFF)),
    Story(
        "docker-proxy-gone/healthy-was-off",
        "the setting was removed from the file after the engine's start: its rules show that it started without docker-proxy",
        listening(save=lambda text: text.replace("-A OUTPUT ! -d 127.0.0.0/8", "-A OUTPUT")),
    ),
)
