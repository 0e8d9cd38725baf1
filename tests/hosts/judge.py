"""dockerd's own opinion of a host, as data: taken before a fault and after a repair, the two must be equal.

Nothing here asks doctor. Each function says what one ability of the engine gives; what fails shows up as a value that
begins with `failed: `, so that a broken host can be judged too.
"""

import dataclasses
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS

_IMAGE_HASH = """
cd / && find . -xdev \\( -path ./proc -o -path ./sys -o -path ./dev \\) -prune -o -print | sort |
while read -r f; do
    case $f in ./etc/hosts|./etc/hostname|./etc/resolv.conf|./etc/mtab|./.dockerenv|./etc|.) continue;; esac
    stat -c '%n %a %u %g %F %h' "$f"
    [ -f "$f" ] && [ ! -L "$f" ] && sha256sum "$f"
    [ -L "$f" ] && readlink "$f"
done; true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """The verdict of dockerd and real traffic on a host; every mapping goes from a name to the observation."""

    images: dict[str, str]  # repository:tag → image ID
    untagged: int
    contents: dict[str, str]  # image → one line a file: mode, owner, kind, links, hash
    saves: dict[str, str]  # image → the digests that `docker save` wrote
    containers: dict[str, str]  # name → "running" or "stopped"
    markers: dict[str, str]  # name → /marker of its writable layer, read after `docker start`
    logs: dict[str, str]  # name → "readable"
    networks: dict[str, str]  # name → driver and subnets
    volumes: dict[str, str]  # name → labels, options, and a hash of the files
    ports: dict[str, str]  # port → what it answers outside
    egress: dict[str, str]  # running container, or "new" → the address outside sees it as
    dns: dict[str, str]  # running container, or "new" → the address of a name


def opinion(box: Box) -> Opinion:
    """Everything at once; the stopped containers are started by it, and end again by themselves."""
    return Opinion(
        images=images(box),
        untagged=len(_json(box, "images", "--filter", "dangling=true")),
        contents=contents(box),
        saves=saves(box),
        containers=containers(box),
        markers=markers(box),
        logs=logs(box),
        networks=networks(box),
        volumes=volumes(box),
        ports=ports(box),
        egress=egress(box),
        dns=dns(box),
    )


def differences(before: Opinion, after: Opinion) -> list[str]:
    """One line for each thing that two opinions see differently, like `ports[8080]: 'hello' is now ''`."""
    return list(_differences(dataclasses.asdict(before), dataclasses.asdict(after)))


def _differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for field, old in before.items():
        new = after[field]
        if not isinstance(old, dict):
            old, new = {"": old}, {"": new}  # noqa: PLW2901 - a single value is a mapping of one
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                yield f"{field}[{name}]: {_first_change(old.get(name), new.get(name))}"


def _first_change(old: object, new: object) -> str:
    """The first line in which two texts differ, since a list of files is long."""
    if new is None:
        return f"gone, it was {_short(old)}"
    if old is None:
        return f"new: {_short(new)}"
    if isinstance(old, str) and isinstance(new, str):
        for left, right in zip(old.splitlines(), new.splitlines(), strict=False):
            if left != right:
                return f"{_short(left)} is now {_short(right)}"
        if old.count("\n") != new.count("\n"):
            return f"{len(old.splitlines())} lines are now {len(new.splitlines())}"
    return f"{_short(old)} is now {_short(new)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:150]}…"


def _try(box: Box, *arguments: str, timeout: float = 30) -> str:
    done = box.run(["docker", *arguments], check=False, timeout=timeout)
    return done.stdout.strip() if done.returncode == 0 else f"failed: {(done.stderr or done.stdout).strip()}"


def _json(box: Box, *arguments: str) -> list[dict[str, Any]]:
    lines = box.docker(*arguments, "--no-trunc", "--format", "{{json .}}").splitlines()
    return [json.loads(line) for line in lines]


def images(box: Box) -> dict[str, str]:
    """Tags and the image IDs they name."""
    found = _json(box, "images")
    return {f"{image['Repository']}:{image['Tag']}": image["ID"] for image in found if image["Tag"] != "<none>"}


def contents(box: Box) -> dict[str, str]:
    """The files of each tagged image as a new container sees them."""
    run = ("run", "--rm", "--network", "none", "--log-driver", "json-file", "--entrypoint", "sh")
    return _of_each(images(box), lambda name: _try(box, *run, name, "-c", _IMAGE_HASH))


def saves(box: Box) -> dict[str, str]:
    """Return the content of `docker save` of each tagged image: dockerd verifies the digest of every layer for it."""
    script = 'set -o pipefail; f=$(mktemp); docker save -o "$f" "$0" && tar -tf "$f" | sort; s=$?; rm -f "$f"; exit $s'

    def save(name: str) -> str:
        done = box.run(["bash", "-c", script, name], check=False)
        return done.stdout.strip() if done.returncode == 0 else f"failed: {done.stderr.strip()}"

    return _of_each(images(box), save)


def containers(box: Box) -> dict[str, str]:
    """Names, and whether they run."""
    return {c["Names"]: "running" if c["State"] == "running" else "stopped" for c in _json(box, "ps", "-a")}


def markers(box: Box) -> dict[str, str]:
    """Start each container that does not run and read the file /marker of each."""
    states = containers(box)

    def marker(name: str) -> str:
        started = "" if states[name] == "running" else _try(box, "start", name)
        for _ in range(3):
            copied = box.run(["sh", "-c", 'docker cp "$0:/marker" - | tar -xOf -', name], check=False)
            if copied.stdout.strip() or not started:
                break
            time.sleep(0.2)  # one that has just been started may be about to write it
        return started if started.startswith("failed: ") else copied.stdout.strip()

    return _of_each(states, marker)


def logs(box: Box) -> dict[str, str]:
    """Whether `docker logs` reads each container's log."""

    def log(name: str) -> str:
        said = _try(box, "logs", name)
        return said if said.startswith("failed: ") else "readable"

    return _of_each(containers(box), log)


def networks(box: Box) -> dict[str, str]:
    """Networks with driver and subnets."""
    found = {}
    for name in box.docker("network", "ls", "--format", "{{.Name}}").splitlines():
        found[name] = _try(
            box, "network", "inspect", "-f", "{{.Driver}} {{range .IPAM.Config}}{{.Subnet}} {{end}}", name
        )
    return found


def volumes(box: Box) -> dict[str, str]:
    """Volumes with labels, options and a hash over their files' names, modes, owners and bytes."""
    found = {}
    for name in box.docker("volume", "ls", "-q").splitlines():
        about = _try(box, "volume", "inspect", "-f", "{{json .Labels}} {{json .Options}}", name)
        found[name] = f"{about} {tree_hash(box.path(f'/var/lib/docker/volumes/{name}/_data'))}"
    return found


def tree_hash(top: Path) -> str:
    """A hash over every name, kind, mode, owner, link target and byte beneath a directory."""
    digest = hashlib.sha256()
    for directory, names, files in os.walk(top):
        names.sort()
        for name in sorted([*names, *files]):
            path = Path(directory, name)
            about = path.lstat()
            digest.update(f"{path.relative_to(top)} {about.st_mode:o} {about.st_uid} {about.st_gid}\n".encode())
            if stat.S_ISREG(about.st_mode):
                digest.update(path.read_bytes())
            elif stat.S_ISLNK(about.st_mode):
                digest.update(os.readlink(path).encode())
    return digest.hexdigest()[:16]


def published(box: Box) -> dict[str, str]:
    """Published TCP ports of the running containers → the container."""
    found = {}
    for name in running(box):
        ports_of = json.loads(box.docker("inspect", "-f", "{{json .NetworkSettings.Ports}}", name))
        for key, bindings in ports_of.items():
            if key.endswith("/tcp"):
                found.update({binding["HostPort"]: name for binding in bindings or []})
    return found


def started(box: Box) -> dict[str, str]:
    """When each running container was started: the same as before where a repair restarted nothing."""
    return {name: box.docker("inspect", "-f", "{{.State.StartedAt}}", name) for name in running(box)}


def running(box: Box) -> list[str]:
    """Names of the running containers."""
    return [name for name, state in sorted(containers(box).items()) if state == "running"]


def ports(box: Box, patience: float = 1) -> dict[str, str]:
    """Return the HTTP answer of each published TCP port from outside; patience is how many seconds a server may take to start."""
    found = {}
    for port in sorted(published(box)):
        deadline = time.monotonic() + patience
        while not (answer := box.fetch(int(port))) and time.monotonic() < deadline:
            time.sleep(0.05)
        found[port] = answer.strip() or "failed: no answer"
    return found


def egress(box: Box, image: str = "bb:1") -> dict[str, str]:
    """The address that outside sees each running container come from, and a new one on the default bridge."""
    return _in_each(box, image, ["wget", "-q", "-T", "1", "-O", "-", f"http://{ADDRESS}/"])


def dns(box: Box, image: str = "bb:1") -> dict[str, str]:
    """Return the address of an outside name in each running container, and in a new one on the default bridge."""
    script = "timeout 2 nslookup -type=a host.test | sed -n '/^Name/,$s/^Address: //p' | grep ."
    return _in_each(box, image, ["sh", "-o", "pipefail", "-c", script])


def _in_each(box: Box, image: str, command: list[str]) -> dict[str, str]:
    new = ("run", "--rm", "--log-driver", "json-file", image)
    ways = {name: ("exec", name) for name in running(box)} | {"new": new}
    return _of_each(ways, lambda name: _try(box, *ways[name], *command))


def _of_each(names: Iterable[str], look: Callable[[str], str]) -> dict[str, str]:
    """Return the result for each, several at a time: starting a container is mostly waiting."""
    wanted = list(names)
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(wanted, pool.map(look, wanted), strict=True))
