"""``doctor run``: runs a container from an image in the data root, a bundle or a root directory, without dockerd."""

import json
import os
import sys
from typing import Any

from msgspec import Struct

from doctor.cli.commands.run_net import attached, names
from doctor.cli.common import open_host
from doctor.cli.spelled import as_root
from doctor.facts.images.images import Images, familiar
from doctor.facts.layers.graph import LayerGraph
from doctor.host.base import Host
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.missing import HostError, Missing
from doctor.scan.resolve import Facts
from doctor.scan.runtime_command import runtime_command, runtime_program

_HOSTNAME = "run"
"""The runtime's default."""


_OPTIONS = frozenset(
    {"--net", "--memory", "--cpus", "--pids", "--rm", "--workdir", "--user", "--env", "--hostname", "-it"}
)


class RunCommandOptions(Struct, frozen=True, kw_only=True):
    """Options and arguments of the command line."""

    image: str
    command: tuple[str, ...] = ()
    net: str = "bridge"
    publish: tuple[str, ...] = ()
    volume: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    workdir: str = ""
    user: str = ""
    hostname: str = ""
    memory: str = ""
    cpus: str = ""
    pids: str = ""
    interactive: bool = False
    tty: bool = False


def run(options: RunCommandOptions) -> int:
    """Replace this process with the runtime; it exits as the container's command exits."""
    if os.geteuid() != 0:
        raise RefusedError("only root can run a container", do=f"run '{as_root()}'")
    host = open_host("")
    facts = Facts(host)
    given: list[str] = []
    for flag, values in (("-p", options.publish), ("-v", options.volume)):
        for value in values:
            given += [flag, value]
    for flag, value in (
        ("-w", options.workdir),
        ("-u", options.user),
        ("--hostname", options.hostname),
        ("--memory", options.memory),
        ("--cpus", options.cpus),
        ("--pids", options.pids),
    ):
        if value:
            given += [flag, value]
    given += ["-i"] * options.interactive + ["-t"] * options.tty
    root, environment, command = _root(options, facts, host)
    if options.command[:1] and options.command[0].partition("=")[0] in _OPTIONS:
        print(f"note: {options.command[0]} is after the image, so it belongs to the command inside", file=sys.stderr)
    network = attached(options.net, options.publish, facts)
    given += network.options
    if "--layers" in root:
        hostname = options.hostname or _HOSTNAME
        for path, text in names(options.net, hostname, network.address, facts, host).items():
            given += ["--file", f"{path}={text}"]
    given += _environment((*environment, *options.env))
    # The command line's options come after the image's: the last one wins.
    argv = ["run", *root, *given, *command]
    sys.stdout.flush()
    # exec, so that terminal, signals and exit code are the runtime's.
    os.execv(runtime_program(), runtime_command(*argv))  # noqa: S606 - replaces this process


def _environment(entries: tuple[str, ...]) -> list[str]:
    """Return the option that passes the environment by descriptor: every user of the host can read arguments."""
    if not entries:
        return []
    descriptor = os.memfd_create("environment", 0)
    with os.fdopen(descriptor, "wb", closefd=False) as target:
        target.write(b"".join(entry.encode("utf-8", "surrogatepass") + b"\0" for entry in entries))
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.set_inheritable(descriptor, True)
    return ["--env-fd", str(descriptor)]


def _root(options: RunCommandOptions, facts: Facts, host: Host) -> tuple[list[str], tuple[str, ...], list[str]]:
    """Return the runtime's arguments for the root file system, the image's environment, and the command."""
    if options.image.startswith((".", "/")):
        path = os.path.abspath(options.image)
        if not os.path.isdir(path):
            raise UsageError("no such directory", where=path, do="name an image, a bundle or a root directory")
        if os.path.isfile(os.path.join(path, "config.json")):
            return ["--bundle", path], (), ["--", *options.command] if options.command else []
        return [], (), [path, "--", *(options.command or ("/bin/sh",))]
    graph = facts.get(LayerGraph)
    if isinstance(graph, Missing):
        raise DoctorError(f"can't read the images of the data root: {graph.reason}")
    identity = _find(graph.images, options.image)
    config = graph.images.configs[identity]
    lost = [chain for chain in config.chain if chain not in graph.cache]
    if lost:
        raise DoctorError(
            f"the directory of {graph.title(lost[0])} is missing",
            do="run 'doctor scan', then 'doctor fix'",
        )
    said = _said(host, graph.images, identity)
    layers = [f"{graph.cache[chain]}/diff" for chain in reversed(config.chain)]
    arguments = ["--layers-root", graph.layers.overlay2, "--layers", ":".join(layers)] if layers else []
    for flag, key in (("-w", "WorkingDir"), ("-u", "User")):
        if said.get(key):
            arguments += [flag, str(said[key])]
    command = [*(said.get("Entrypoint") or ()), *(options.command or said.get("Cmd") or ())]
    environment = tuple(str(entry) for entry in said.get("Env") or () if "\0" not in str(entry))
    return arguments, environment, ["--", *(command or ["/bin/sh"])]


def _find(images: Images, name: str) -> str:
    """Return an image's id, given a reference or the beginning of the id."""
    known = {familiar(reference): digest for reference, digest in images.tags.entries.items()}
    digest = images.tags.entries.get(name) or known.get(familiar(name))
    if digest is not None and images.config(digest) is not None:
        return digest.removeprefix("sha256:")
    start = name.removeprefix("sha256:").lower()
    found = [config.id for config in images.sound() if start and config.id.startswith(start)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"'{name}' is ambiguous: {len(found)} image ids begin with it", do="give more digits")
    names = sorted(images.tags.entries)[:8]
    listed = f"available: {', '.join(names)}" if names else "it has no usable image"
    raise UsageError(f"image '{name}' not found in the data root", do=listed)


def _said(host: Host, images: Images, identity: str) -> dict[str, Any]:
    try:
        parsed = json.loads(host.read(images.path_of(identity), follow=False))
    except (HostError, ValueError) as error:
        raise DoctorError(f"can't read the image's config: {error}") from error
    said = parsed.get("config") if isinstance(parsed, dict) else None
    return said if isinstance(said, dict) else {}
