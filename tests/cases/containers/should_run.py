"""Cases of a container, ``web``, that should run and does not, or not usefully."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.cases import roots
from tests.cases.containers.stories import NOW, failed
from tests.cases.recipe import Recipe
from tests.cases.roots import MOUNT, ROOT, WEB, Tree

case = partial(Recipe, area="containers", parts=("image", "container", "network"), fix="manual")
LOG = f"{ROOT}/containers/{WEB}/{WEB}-json.log"
DIFF = f"{ROOT}/overlay2/{MOUNT}/diff"
REFUSED = 'failed to create task for container: exec: "{}": {}: unknown'


def elf(machine: int) -> bytes:
    """The header of a static program for an architecture."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + machine.to_bytes(2, "little") + bytes(100)


def web(
    state: dict[str, Any], *, restarts: int = 0, log: str = "", policy: str = "always", retries: int = 0, **more: Any
) -> Callable[[Tree], None]:
    """The container, in a state of its own, with a last line of its log; the engine's program is for amd64."""
    settings = roots.config_of(
        "web", WEB, RestartCount=restarts, **{key: more[key] for key in more if key[0].isupper()}
    )
    settings["State"] |= {"Running": False, "Pid": 0, **state}
    if not settings["State"]["Running"] or settings["State"].get("Restarting"):
        settings["NetworkSettings"]["Networks"]["mesh"] |= {
            "EndpointID": "", "Gateway": "", "IPAddress": "", "IPPrefixLen": 0,
        }  # fmt: skip
    host = roots.host_config(RestartPolicy={"Name": policy, "MaximumRetryCount": retries}, Memory=more.get("memory", 0))

    def change(tree: Tree) -> None:
        roots.put_container(tree, "web", settings, host)
        tree.put("usr/bin/dockerd", elf(62))
        if log:
            line = json.dumps({"log": f"{log}\n", "stream": "stderr", "time": roots.CREATED}, separators=(",", ":"))
            tree.put(LOG, f"{line}\n")

    return change


def with_program(change: Callable[[Tree], None], path: str, content: bytes) -> Callable[[Tree], None]:
    """The same, with a program in the container's files."""

    def both(tree: Tree) -> None:
        change(tree)
        tree.put(f"{DIFF}{path}", content)

    return both


def executable(path: str) -> dict[str, Any]:
    """The mode of a program."""
    return {"path": f"/{DIFF}{path}", "mode": 0o755}


WAITS = {
    "Running": True, "Restarting": True, "ExitCode": 3, "StartedAt": "2025-11-24T15:59:00.1Z",
    "FinishedAt": "2025-11-24T15:59:00.2Z",
}  # fmt: skip
RUNS = {"Running": True, "Pid": 4242, "StartedAt": "2025-11-24T15:59:00.1Z"}
AWAY = {"ExitCode": 4, "FinishedAt": roots.CREATED}
HEALTH = "/containers/json?filters=%7B%22health%22%3A%5B%22unhealthy%22%5D%7D"
EVENTS = (
    "/events?since=1763999400&until=1764000000&filters="
    "%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22die%22%2C%22oom%22%5D%7D"
)


def answer(path: str, body: str) -> str:
    """An answer of the engine, beside those of every case here."""
    return f"{NOW}\n[[api]]\npath = {json.dumps(path)}\nbody = {json.dumps(body)}\n"


def events(*actions: str) -> str:
    """The engine's events of the container."""
    return "".join(json.dumps({"Action": action, "Actor": {"ID": WEB}}) + "\n" for action in actions)


def answered(*, is_healthy: bool) -> str:
    """The engine's answers about health."""
    state = {"Health": {"FailingStreak": 4, "Log": [{"ExitCode": 1, "Output": "db: connection refused, token=abc\n"}]}}
    listed = [] if is_healthy else [{"Id": WEB}]
    return (
        answer(HEALTH, json.dumps(listed))
        + f'[[api]]\npath = "/containers/{WEB}/json"\nbody = {json.dumps(json.dumps({"State": state}))}\n'
    )


def with_runtime_state(change: Callable[[Tree], None]) -> Callable[[Tree], None]:
    """The container's process runs, and the runtime knows it."""

    def both(tree: Tree) -> None:
        change(tree)
        tree.put("proc/4242/comm", "web\n")
        tree.put(f"var/run/docker/containerd/{WEB}/pipe")
        tree.put(f"var/run/docker/runtime-runc/moby/{WEB}/state.json", "{}")

    return both


TABLE = """22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:60 / /srv/late rw - nfs nas:/export rw
"""
FSTAB = "nas:/export /srv/late nfs defaults 0 0\n"
BIND = {"/d": {"Source": "/srv/late/x", "Destination": "/d", "RW": True, "Name": "", "Driver": "", "Type": "bind"}}
INFO = json.dumps({"Plugins": {"Volume": ["local"], "Log": ["json-file"]}, "DockerRootDir": "/var/lib/docker"})


def mounted(table: str, seen: str = "", **state: Any) -> Callable[[Tree], None]:
    """The container mounts a directory of a share; the host's mount table, and the container's line for it."""

    def change(tree: Tree) -> None:
        with_runtime_state(web({**RUNS, **state}, MountPoints=BIND))(tree)
        tree.put("proc/self/mountinfo", table)
        tree.put(
            "proc/4242/mountinfo", f"90 80 0:50 / / rw - overlay overlay rw\n91 90 {seen} /d rw - ext4 /dev/sda1 rw\n"
        )
        tree.put("etc/fstab", FSTAB)
        tree.put("srv/late/x/.keep")

    return change


def on_plugin(change: Callable[[Tree], None], *, has_socket: bool) -> Callable[[Tree], None]:
    """The container has a volume of a plugin, whose socket may be there."""

    def both(tree: Tree) -> None:
        change(tree)
        if has_socket:
            tree.put("run/docker/plugins/myplug.sock")

    return both


PLUGGED = {"/d": {"Source": "", "Destination": "/d", "RW": True, "Name": "pv", "Driver": "myplug", "Type": "volume"}}


def tasks(*ages_s: int) -> Callable[[Tree], None]:
    """Tasks of a swarm service that failed so many seconds ago."""

    def change(tree: Tree) -> None:
        web(AWAY, policy="no")(tree)
        for number, age in enumerate(ages_s):
            name = f"bad.{number}"
            settings = roots.config_of(name, roots.hex_id(f"container {name}"))
            settings["Config"]["Labels"] = {"com.docker.swarm.service.name": "bad"}
            moment = datetime.fromtimestamp(1764000000 - age, UTC).isoformat()
            settings["State"] |= {"Running": False, "Pid": 0, "ExitCode": 1, "FinishedAt": moment}
            settings["NetworkSettings"]["Networks"] = {}
            roots.put_container(tree, name, settings, roots.host_config(RestartPolicy={"Name": ""}, NetworkMode="none"))

    return change


CHECKED = {"Hostname": "web", "Image": "app:latest", "Labels": {}, "Healthcheck": {"Test": ["CMD", "/check"]}}

CASES = (
    case(
        problem="restart-loop",
        name="waits",
        about="the program ends at once, and the engine waits before the next start",
        change=web(WAITS, restarts=7, log="FATAL: no config, password=hunter2"),
        answers=answer(EVENTS, events("die", "die", "die")),
        findings=(("restart-loop", "container", "web"),),
    ),
    case(
        problem="restart-loop",
        name="runs-again",
        about="the program ends every minute or two and runs at the moment",
        change=with_runtime_state(web(RUNS, restarts=9, log="lost the database")),
        answers=answer(EVENTS, events(*["die"] * 6)),
        findings=(("restart-loop", "container", "web"),),
    ),
    case(
        problem="restart-loop",
        name="gave-up",
        about="on-failure restarted it as often as it may",
        change=web(AWAY, restarts=3, policy="on-failure", retries=3),
        answers=NOW,
        findings=(("restart-loop", "container", "web"),),
    ),
    case(
        problem="restart-loop",
        name="healthy-once",
        about="the program was restarted once, and a job without a policy has failed",
        change=with_runtime_state(web(RUNS, restarts=1)),
        answers=answer(EVENTS, events("die")),
    ),
    case(
        problem="restart-loop",
        name="healthy-job",
        about="a job without a restart policy failed after its engine restarted it long ago",
        change=web(AWAY, restarts=3, policy="no"),
        answers=NOW,
    ),
    case(
        problem="out-of-memory",
        name="own-limit",
        about="the container's own limit is too small, and the kernel kills it after each start",
        change=web({**WAITS, "OOMKilled": True, "ExitCode": 137}, restarts=7, memory=24 << 20),
        answers=answer(EVENTS, ""),
        findings=(("out-of-memory", "container", "web"),),
    ),
    case(
        problem="out-of-memory",
        name="runs-again",
        about="it was killed a minute ago and runs again: only the engine's events know it",
        change=with_runtime_state(web(RUNS, restarts=1, memory=24 << 20)),
        answers=answer(EVENTS, events("oom", "die")),
        findings=(("out-of-memory", "container", "web"),),
    ),
    case(
        problem="out-of-memory",
        name="healthy-by-hand",
        about="a job without a restart policy was killed for lack of memory last year",
        change=web({**AWAY, "OOMKilled": True, "ExitCode": 137}, policy="no", memory=24 << 20),
        answers=NOW,
    ),
    case(
        problem="unhealthy",
        name="refused",
        about="the test of the health check can't reach the database",
        change=with_runtime_state(web(RUNS, Config=CHECKED)),
        answers=answered(is_healthy=False),
        findings=(("unhealthy", "container", "web"),),
    ),
    case(
        problem="unhealthy",
        name="healthy",
        about="the health check passes",
        change=with_runtime_state(web(RUNS, Config=CHECKED)),
        answers=answered(is_healthy=True),
    ),
    case(
        problem="program-unusable",
        name="missing",
        about="the command of the container names a program that the image does not have",
        change=failed(REFUSED.format("/srv/app", "stat /srv/app: no such file or directory"), 127, by_hand=False),
        answers=NOW,
        findings=(("program-unusable", "container", "web"),),
    ),
    case(
        problem="program-unusable",
        name="windows-line-ends",
        about="a script was saved with Windows line ends",
        change=with_program(
            web(WAITS, restarts=7, log="exec /run.sh: no such file or directory"), "/run.sh", b"#!/bin/sh\r\necho\r\n"
        ),
        answers=answer(EVENTS, ""),
        files=(executable("/run.sh"),),
        findings=(("program-unusable", "container", "web"),),
    ),
    case(
        problem="program-unusable",
        name="healthy-elsewhere",
        about="the program is right, and failed with another program's error",
        change=with_program(web(WAITS, restarts=7, log="exec /run: no such file or directory"), "/run", elf(62)),
        answers=answer(EVENTS, ""),
        files=(executable("/run"),),
        findings=(("restart-loop", "container", "web"),),
    ),
    case(
        problem="wrong-architecture",
        name="arm-on-amd64",
        about="the image was built on a Raspberry Pi",
        change=with_program(web(WAITS, restarts=7, log="exec /run: exec format error"), "/run", elf(183)),
        answers=answer(EVENTS, ""),
        files=(executable("/run"),),
        findings=(("wrong-architecture", "container", "web"),),
    ),
    case(
        problem="wrong-architecture",
        name="healthy-emulated",
        about="QEMU runs programs for arm64; this one fails for another reason",
        change=with_program(
            lambda tree: (
                web(WAITS, restarts=7, log="exec /run: exec format error")(tree),
                tree.put(
                    "proc/sys/fs/binfmt_misc/qemu-aarch64",
                    "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OCF\noffset 0\n"
                    "magic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n",
                ),
            )[0],
            "/run",
            elf(183),
        ),
        answers=answer(EVENTS, ""),
        files=(executable("/run"),),
        findings=(("restart-loop", "container", "web"),),
    ),
    case(
        problem="mount-source-unmounted",
        name="late",
        about="the share was mounted after the container had started",
        change=mounted(TABLE, "8:1 /srv/late/x"),
        answers=NOW,
        findings=(("mount-source-unmounted", "mount", "/srv/late"),),
    ),
    case(
        problem="mount-source-unmounted",
        name="not-mounted",
        about="the share was away at boot, and nobody mounted it since",
        change=mounted(TABLE.partition("30 ")[0], "8:1 /srv/late/x"),
        answers=NOW,
        findings=(("mount-source-unmounted", "mount", "/srv/late"),),
    ),
    case(
        problem="mount-source-unmounted",
        name="healthy",
        about="the container sees the share",
        change=mounted(TABLE, "0:60 /x"),
        answers=NOW,
    ),
    case(
        problem="mount-source-unmounted",
        name="healthy-remounted",
        about="the share was mounted again: the container still has the first mount of it",
        change=mounted(TABLE, "0:59 /x"),
        answers=NOW,
    ),
    case(
        problem="volume-plugin-missing",
        name="gone",
        about="the service of a volume plugin does not run any more",
        change=on_plugin(web(AWAY, policy="no", MountPoints=PLUGGED), has_socket=False),
        answers=answer("/info", INFO),
        findings=(("volume-plugin-missing", "plugin", "myplug"),),
    ),
    case(
        problem="volume-plugin-missing",
        name="healthy-not-yet-used",
        about="the engine lists a plugin only after its first use; its socket is there",
        change=on_plugin(web(AWAY, policy="no", MountPoints=PLUGGED), has_socket=True),
        answers=answer("/info", INFO),
    ),
    case(
        problem="start-failed",
        name="cause-gone",
        about="a disk was mounted after the start that needed it had failed",
        change=lambda tree: (
            failed(
                "invalid mount config for type bind: bind source path does not exist: /srv/data", 128, by_hand=False
            )(tree),
            tree.put("srv/data/.keep"),
        )[0],
        answers=NOW,
        findings=(("start-failed", "container", "web"),),
        fix="resolved",
    ),
    case(
        problem="service-failing",
        name="replaced",
        about="a swarm replaces the tasks of a service, which end at once",
        change=tasks(5, 15, 25),
        answers=NOW,
        findings=(("service-failing", "service", "bad"),),
    ),
    case(
        problem="service-failing",
        name="healthy-history",
        about="two tasks failed during an update, and others last week",
        change=tasks(5, 15, 700000, 700010),
        answers=NOW,
    ),
)
