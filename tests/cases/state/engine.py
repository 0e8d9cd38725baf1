"""Cases of pid files, sockets, locks, identity, swarm and storage drivers."""

from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import ROOT, WEB, Tree

PID = "var/run/docker.pid"
CONTAINERD = "var/run/docker/containerd/containerd.pid"
SOCKET = "var/run/docker.sock"
SWARM = f"{ROOT}/swarm"
PEM = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
RUNC = f"var/run/docker/runtime-runc/moby/{WEB}"
SLEEP = 'live = true\n[[process]]\npid = 26\nargv = ["/usr/bin/sleep", "60"]\nexe = "/usr/bin/sleep"\n'


def dockerd(pid: int, name: str = "dockerd", state: str = "S") -> str:
    """A recorded process."""
    return f'live = true\n[[process]]\npid = {pid}\nargv = ["/usr/bin/{name}"]\nexe = "/usr/bin/{name}"\nstate = "{state}"\n'


ELSEWHERE = (
    dockerd(26)
    + """mount_namespace = "mnt:[2]"
[[process]]
pid = 1
argv = ["/sbin/init"]
exe = "/sbin/init"
mount_namespace = "mnt:[1]"
"""
)


def btrfs(tree: Tree) -> None:
    """Another driver was used for a while."""
    tree.directory(f"{ROOT}/btrfs/subvolumes/{roots.hex_id('x')}")


def pair(tree: Tree) -> None:
    """A node's certificate and key."""
    for name in ("swarm-node.crt", "swarm-node.key"):
        tree.put(f"{SWARM}/certificates/{name}", PEM)


def lock(path: str) -> dict[str, object]:
    """A line of /proc/locks for a file."""
    return {"path": "/proc/locks", "type": "lock", "target": f"/{path}", "pid": 26}


def _socket_of_systemd(tree: Tree) -> None:
    """A unit that gets its socket from systemd, and a directory with a file in its place."""
    tree.put("usr/lib/systemd/system/docker.service", b"[Service]\nExecStart=/usr/bin/dockerd -H fd://\n")
    tree.put("usr/lib/systemd/system/docker.socket", b"[Socket]\nListenStream=/run/docker.sock\n")
    tree.put("run/docker.sock/agent/state", b"1\n")


KEY = "etc/docker/key.json"
OLD = """live = true
[[command]]
argv = ["dockerd", "--version"]
stdout = "Docker version 20.10.24, build 5d6db84"
"""

CASES = (
    Recipe(
        problem="database-locked",
        name="by-a-stranger",
        about="a backup program holds the volume database",
        parts=("volumes",),
        findings=(("database-locked", "file", f"/{ROOT}/volumes/metadata.db"),),
        fix="manual",
        answers=SLEEP,
        files=(lock(f"{ROOT}/volumes/metadata.db"),),
    ),
    Recipe(
        problem="database-locked",
        name="by-the-engine",
        about="the running engine holds its own database",
        parts=("volumes",),
        answers=dockerd(26),
        files=(lock(f"{ROOT}/volumes/metadata.db"),),
    ),
    Recipe(
        problem="swarm-cert-missing",
        name="deleted",
        about="the certificate of a swarm node is deleted",
        parts=(),
        change=lambda tree: (
            tree.put(f"{SWARM}/docker-state.json", '{"LocalAddr":"10.0.0.1"}'),
            tree.put(f"{SWARM}/raft/wal-v3-encrypted/0-0.wal", "x"),
        ),
        findings=(("swarm-cert-missing", "directory", f"/{SWARM}"),),
        fix="guarded",
    ),
    Recipe(
        problem="swarm-cert-missing",
        name="no-node",
        about="this host is not a swarm node",
        parts=(),
        change=lambda tree: tree.directory(SWARM),
    ),
    Recipe(
        problem="swarm-state-corrupt",
        name="empty",
        about="a power cut left docker-state.json without a byte",
        parts=(),
        change=lambda tree: (
            tree.put(f"{SWARM}/docker-state.json"),
            pair(tree),
        ),
        findings=(("swarm-state-corrupt", "file", f"/{SWARM}/docker-state.json"),),
        fix="manual",
    ),
    Recipe(
        problem="swarm-state-corrupt",
        name="healthy",
        about="a swarm node as docker swarm init leaves it: state.json is a list",
        parts=(),
        change=lambda tree: (
            tree.put(f"{SWARM}/docker-state.json", '{"LocalAddr":"10.0.0.1"}'),
            tree.put(f"{SWARM}/state.json", '[{"node_id":"umufay3350k2k34quwrv7zo3i","addr":"10.0.0.1:2377"}]'),
            pair(tree),
        ),
    ),
    Recipe(
        problem="swarm-state-corrupt",
        name="no-node",
        about="a truncated state without a certificate is cleared by dockerd itself",
        parts=(),
        change=lambda tree: tree.put(f"{SWARM}/state.json"),
    ),
    Recipe(
        problem="engine-id-wrong",
        name="directory",
        about="a directory lies where the engine's identity belongs",
        change=lambda tree: tree.directory(f"{ROOT}/engine-id"),
        findings=(("engine-id-wrong", "file", f"/{ROOT}/engine-id"),),
    ),
    Recipe(
        problem="engine-id-wrong",
        name="empty",
        about="the engine's identity has no byte",
        change=lambda tree: tree.put(f"{ROOT}/engine-id"),
        findings=(("engine-id-wrong", "file", f"/{ROOT}/engine-id"),),
    ),
    Recipe(
        problem="engine-id-wrong",
        name="cut",
        about="the engine's identity is the first half of one",
        change=lambda tree: tree.put(f"{ROOT}/engine-id", "79df9557-7c01-4d"),
        findings=(("engine-id-wrong", "file", f"/{ROOT}/engine-id"),),
    ),
    Recipe(
        problem="engine-id-wrong",
        name="garbage",
        about="the engine's identity is not UTF-8, and dockerd panics over it",
        change=lambda tree: tree.put(f"{ROOT}/engine-id", b"\xfd?\xeb<\x92P\xb7\x97J\x9bR\x8bicc!\xa4"),
        findings=(("engine-id-wrong", "file", f"/{ROOT}/engine-id"),),
    ),
    Recipe(
        problem="engine-id-wrong",
        name="old-form",
        about="an identity of before engine 24, made of a key",
        change=lambda tree: tree.put(
            f"{ROOT}/engine-id", "4PXE:5TRA:ZJLK:HTAD:ZA3D:ZPA2:UDAB:GTFT:IPQL:LPQ2:CZQV:VKIT"
        ),
    ),
    Recipe(
        problem="engine-id-wrong",
        name="healthy",
        about="the engine has an identity",
        change=lambda tree: tree.put(f"{ROOT}/engine-id", "79df9557-7c01-4da0-a66a-c0267b6472c6"),
    ),
    Recipe(
        problem="trust-key-corrupt",
        name="empty",
        about="a power loss at the first start of an engine 20.10 left its key empty",
        parts=(),
        change=lambda tree: tree.put(KEY),
        answers=OLD,
        findings=(("trust-key-corrupt", "file", f"/{KEY}"),),
    ),
    Recipe(
        problem="trust-key-corrupt",
        name="healthy",
        about="an engine 20.10 with its key",
        parts=(),
        change=lambda tree: tree.put(KEY, '{"crv": "P-256", "kty": "EC"}'),
        answers=OLD,
    ),
    Recipe(
        problem="trust-key-corrupt",
        name="healthy-unread",
        about="an engine since 23.0 does not read the file",
        parts=(),
        change=lambda tree: tree.put(KEY),
        answers=OLD.replace("20.10.24", "26.1.5"),
    ),
    Recipe(
        problem="pidfile-foreign",
        name="reused-pid",
        about="after a reboot with a persistent /run another process has the number in the pid file",
        parts=(),
        change=lambda tree: tree.put(PID, "26"),
        findings=(("pidfile-foreign", "file", f"/{PID}"),),
        answers=SLEEP,
    ),
    Recipe(
        problem="pidfile-foreign",
        name="zombie",
        about="a killed engine was never reaped, and its zombie counts as running",
        parts=(),
        change=lambda tree: tree.put(PID, "26"),
        findings=(("pidfile-foreign", "file", f"/{PID}"),),
        answers=dockerd(26, state="Z"),
    ),
    Recipe(
        problem="pidfile-foreign",
        name="other-mounts",
        about="the number was given to a dockerd in other mounts, which holds another data root",
        parts=("network", "volumes"),
        change=lambda tree: (tree.put(PID, "26"), tree.put("proc/locks")),
        findings=(("pidfile-foreign", "file", f"/{PID}"),),
        answers=ELSEWHERE,
    ),
    Recipe(
        problem="pidfile-foreign",
        name="other-mounts-same-root",
        about="the pid file names a dockerd in other mounts that holds this very data root",
        parts=("network", "volumes"),
        change=lambda tree: tree.put(PID, "26"),
        findings=(("database-locked", "file", f"/{ROOT}/volumes/metadata.db"),),
        fix="manual",
        answers=ELSEWHERE,
        files=(lock(f"{ROOT}/volumes/metadata.db"),),
    ),
    Recipe(
        problem="pidfile-foreign",
        name="stale",
        about="the pid file names a process that is gone, which dockerd ignores",
        parts=(),
        change=lambda tree: tree.put(PID, "99"),
        answers=SLEEP,
    ),
    Recipe(
        problem="containerd-pid-foreign",
        name="reused-pid",
        about="another process has the number in containerd's pid file",
        parts=(),
        change=lambda tree: tree.put(CONTAINERD, "26"),
        findings=(("containerd-pid-foreign", "file", f"/{CONTAINERD}"),),
        answers=SLEEP,
    ),
    Recipe(
        problem="containerd-pid-foreign",
        name="own",
        about="the pid file names containerd",
        parts=(),
        change=lambda tree: tree.put(CONTAINERD, "26"),
        answers=dockerd(26, "containerd"),
    ),
    Recipe(
        problem="socket-wrong-type",
        name="directory",
        about="a container with -v /var/run/docker.sock started while the engine was down",
        parts=(),
        change=lambda tree: tree.directory(SOCKET),
        findings=(("socket-wrong-type", "file", f"/{SOCKET}"),),
    ),
    Recipe(
        problem="socket-wrong-type",
        name="with-files",
        about="systemd listens for the engine, and a program wrote into the directory that stands there",
        parts=(),
        change=_socket_of_systemd,
        findings=(("socket-wrong-type", "file", "/run/docker.sock"),),
    ),
    Recipe(
        problem="socket-wrong-type",
        name="stale",
        about="a stale socket, which dockerd replaces",
        parts=(),
        files=({"path": f"/{SOCKET}", "type": "socket", "mode": 0o660},),
    ),
    Recipe(
        problem="runc-state-leftover",
        name="after-a-kill",
        about="the runtime's state of a killed container is still there",
        parts=("image", "container", "network"),
        change=lambda tree: tree.put(f"{RUNC}/state.json", '{"init_process_pid":4242}'),
        findings=(("runc-state-leftover", "container", "web"),),
        answers=SLEEP,
    ),
    Recipe(
        problem="runc-state-leftover",
        name="running",
        about="the container runs; /var/run is a link to /run, as on every distribution",
        parts=("image", "container", "network"),
        change=lambda tree: (
            tree.link("var/run", "/run"),
            tree.put(f"{RUNC.removeprefix('var/')}/state.json", '{"init_process_pid":26}'),
        ),
        answers=SLEEP,
    ),
    Recipe(
        problem="drivers-several",
        name="one-holds-the-images",
        about="btrfs was tried for a while and left its directory",
        change=btrfs,
        findings=(("drivers-several", "directory", f"/{ROOT}"),),
    ),
    Recipe(
        problem="drivers-several",
        name="configured",
        about="several drivers left something and one is configured",
        change=lambda tree: (btrfs(tree), tree.put("etc/docker/daemon.json", '{"storage-driver": "overlay2"}\n')),
    ),
)
