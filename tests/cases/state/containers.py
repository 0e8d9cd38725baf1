"""Cases of containers' files."""

import json

from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import MOUNT, ROOT, WEB, Tree, config_of, host_config

TOP = f"{ROOT}/containers/{WEB}"
CONFIG = f"{TOP}/config.v2.json"
HOST_CONFIG = f"{TOP}/hostconfig.json"
LOG = f"{TOP}/{WEB}-json.log"
BOTH = ("image", "container", "network")
LINE = '{"log":"%s\\n","stream":"stdout","time":"2024-01-02T03:04:05Z"}\n'


DOCKERD = 'live = true\n[[process]]\npid = 26\nargv = ["/usr/bin/dockerd"]\nexe = "/usr/bin/dockerd"\n'


def dense(value: object) -> bytes:
    """JSON without blanks."""
    return json.dumps(value, separators=(",", ":")).encode()


def web(problem: str) -> tuple[str, str, str]:
    """A finding about the container."""
    return problem, "container", "web"


def second(tree: Tree) -> None:
    """A container made later took the name."""
    other = roots.hex_id("container other")
    config = {**config_of("web", other), "Created": "2024-05-05T05:05:05Z", "Driver": "vfs"}
    roots.put_container(tree, "other", config, host_config())


def half_removed(tree: Tree) -> None:
    """The driver deleted all of the layer directory but one file."""
    tree.put(CONFIG, dense(config_of("web", WEB, State={"Dead": True, "RemovalInProgress": True})))
    link = tree.read(f"{ROOT}/overlay2/{MOUNT}/link")
    for name in ("link", "lower", "work"):
        tree.remove(f"{ROOT}/overlay2/{MOUNT}/{name}")
    tree.remove(f"{ROOT}/overlay2/l/{link.decode()}")


CASES = (
    Recipe(
        problem="file-undecodable",
        name="file-named-like-a-container",
        about="a file lies where a container's directory should be, which no other check is about",
        parts=BOTH,
        change=lambda tree: tree.put(f"{ROOT}/containers/{'e' * 64}", "x"),
        findings=(("file-undecodable", "file", f"/{ROOT}/containers/{'e' * 64}"),),
        fix="manual",
    ),
    Recipe(problem="file-undecodable", name="healthy", about="every file is what the engine writes", parts=BOTH),
    Recipe(
        problem="container-config-corrupt",
        name="temporary-file-beside",
        about="a container's config is truncated and the file dockerd was about to rename is valid",
        parts=BOTH,
        change=lambda tree: (
            tree.put(f"{TOP}/.tmp-config.v2.json77", tree.read(CONFIG)),
            tree.put(CONFIG, tree.read(CONFIG)[:100]),
        ),
        findings=(("container-config-corrupt", "container", WEB[:12]),),
        after={CONFIG: dense(config_of("web", WEB))},
    ),
    Recipe(
        problem="container-config-corrupt",
        name="empty",
        about="a power cut left a container's config without a byte",
        parts=BOTH,
        change=lambda tree: tree.put(CONFIG),
        findings=(("container-config-corrupt", "container", WEB[:12]),),
        fix="manual",
    ),
    Recipe(
        problem="container-config-corrupt",
        name="bytes-behind",
        about="something stands behind the JSON value, which dockerd does not read",
        parts=BOTH,
        change=lambda tree: tree.put(CONFIG, tree.read(CONFIG) + b"\0\0{"),
    ),
    Recipe(
        problem="hostconfig-corrupt",
        name="torn",
        about="a container's host config is cut in the middle",
        parts=BOTH,
        change=lambda tree: tree.put(HOST_CONFIG, tree.read(HOST_CONFIG)[:60]),
        findings=(web("hostconfig-corrupt"),),
        fix="manual",
    ),
    Recipe(
        problem="hostconfig-corrupt",
        name="temporary-file-beside",
        about="a container's host config is full of NULs and the file dockerd was about to rename is whole",
        parts=BOTH,
        change=lambda tree: (
            tree.put(f"{TOP}/.tmp-hostconfig.json5", tree.read(HOST_CONFIG)),
            tree.put(HOST_CONFIG, "\0" * 90),
        ),
        findings=(web("hostconfig-corrupt"),),
        after={HOST_CONFIG: dense(host_config())},
    ),
    Recipe(problem="hostconfig-corrupt", name="healthy", about="the host config can be read", parts=BOTH),
    Recipe(
        problem="hostconfig-missing",
        name="deleted",
        about="a container's host config is deleted",
        parts=BOTH,
        change=lambda tree: tree.remove(HOST_CONFIG),
        findings=(web("hostconfig-missing"),),
        fix="manual",
    ),
    Recipe(problem="hostconfig-missing", name="healthy", about="the host config is there", parts=BOTH),
    Recipe(
        problem="container-driver-mismatch",
        name="none",
        about="a container's config lost its storage driver",
        parts=BOTH,
        change=lambda tree: tree.put(CONFIG, dense(config_of("web", WEB, Driver=""))),
        findings=(web("container-driver-mismatch"),),
        after={CONFIG: dense(config_of("web", WEB))},
    ),
    Recipe(
        problem="container-driver-mismatch",
        name="other-store",
        about="a container of the containerd image store has no mount record of overlay2",
        parts=("image", "network"),
        change=lambda tree: roots.put_container(tree, "web", config_of("web", WEB, Driver="overlayfs"), host_config()),
    ),
    Recipe(
        problem="container-name-duplicate",
        name="name-given-away",
        about="a container was made with the name of one that had vanished, and that one is back",
        parts=BOTH,
        change=second,
        findings=(("container-name-duplicate", "container", WEB[:12]),),
        after={
            CONFIG: dense(config_of(f"web-{WEB[:12]}", WEB, NetworkSettings=config_of("web", WEB)["NetworkSettings"])),
            f"{TOP}/hostconfig.json": dense(host_config(RestartPolicy={"Name": "no"})),
        },
    ),
    Recipe(problem="container-name-duplicate", name="healthy", about="each name is one container's", parts=BOTH),
    Recipe(
        problem="container-removal-half-done",
        name="dead",
        about="a removal failed half-way and the container stays dead",
        parts=BOTH,
        change=lambda tree: tree.put(CONFIG, dense(config_of("web", WEB, State={"Dead": True}))),
        findings=(web("container-removal-half-done"),),
        fix="manual",
    ),
    Recipe(
        problem="container-removal-half-done",
        name="immutable",
        about="a removal failed at an immutable file: the rest of the layer's own files is gone, and nothing restores them",
        parts=BOTH,
        change=half_removed,
        findings=(web("container-removal-half-done"),),
        fix="manual",
    ),
    Recipe(
        problem="container-removal-half-done",
        name="files-gone",
        about="a removal was interrupted after the files were gone: dockerd finishes it",
        parts=("image", "network"),
        change=lambda tree: roots.put_container(
            tree, "web", config_of("web", WEB, State={"Dead": True, "RemovalInProgress": True}), host_config()
        ),
    ),
    Recipe(
        problem="container-autoremove-pending",
        name="with-files",
        about="a container with --rm was alive at the crash and has written something",
        parts=BOTH,
        change=lambda tree: (
            tree.put(HOST_CONFIG, dense(host_config(AutoRemove=True))),
            tree.put(f"{ROOT}/overlay2/{MOUNT}/diff/result", "hours of work\n"),
            tree.entries.pop(f"{ROOT}/overlay2/{MOUNT}/diff"),
        ),
        findings=(web("container-autoremove-pending"),),
        after={HOST_CONFIG: dense(host_config())},
    ),
    Recipe(
        problem="container-autoremove-pending",
        name="without-files",
        about="a container with --rm that wrote nothing may go",
        parts=BOTH,
        change=lambda tree: tree.put(HOST_CONFIG, dense(host_config(AutoRemove=True))),
    ),
    Recipe(
        problem="container-file-wrong-type",
        name="hosts-directory",
        about="a bind mount made a directory of a container's hosts file",
        parts=BOTH,
        change=lambda tree: tree.directory(f"{TOP}/hosts"),
        findings=(web("container-file-wrong-type"),),
    ),
    Recipe(
        problem="container-file-wrong-type",
        name="hash-and-rotated-log",
        about="directories stand in place of the hash of resolv.conf and of a rotated log",
        parts=BOTH,
        change=lambda tree: (tree.directory(f"{TOP}/resolv.conf.hash"), tree.directory(f"{TOP}/{WEB}-json.log.1")),
        findings=(web("container-file-wrong-type"),),
    ),
    Recipe(
        problem="container-file-wrong-type",
        name="missing",
        about="a missing hosts file is written at the container's start",
        parts=BOTH,
        change=lambda tree: tree.put(f"{TOP}/hostname", "web\n"),
    ),
    Recipe(
        problem="container-log-damaged",
        name="nul-run",
        about="lost blocks left NULs in a log, and new lines follow",
        parts=BOTH,
        change=lambda tree: tree.put(LOG, LINE % "one" + "\0" * 70 + LINE % "two"),
        findings=(web("container-log-damaged"),),
        after={LOG: (LINE % "one" + LINE % "two").encode()},
    ),
    Recipe(
        problem="container-log-damaged",
        name="torn-line",
        about="a line is cut in the middle, and new lines follow right behind it",
        parts=BOTH,
        change=lambda tree: tree.put(LOG, LINE % "one" + (LINE % "lost")[:20] + LINE % "two"),
        findings=(web("container-log-damaged"),),
        after={LOG: (LINE % "one" + LINE % "two").encode()},
    ),
    Recipe(
        problem="container-log-damaged",
        name="last-line-torn",
        about="a power cut tore the last line, and no engine will complete it",
        parts=BOTH,
        change=lambda tree: tree.put(LOG, LINE % "one" + (LINE % "two")[:30]),
        findings=(web("container-log-damaged"),),
        after={LOG: (LINE % "one").encode()},
    ),
    Recipe(
        problem="container-log-damaged",
        name="being-written",
        about="the last line of a running container's log is not complete yet",
        parts=BOTH,
        change=lambda tree: tree.put(LOG, LINE % "one" + (LINE % "two")[:30]),
        answers=DOCKERD,
    ),
)
