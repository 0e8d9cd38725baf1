"""One round of test containers: the input of the bundled runtime, and its result for each container.

The runtime is a separate program: it is not imported, but started with ``-I -S -E``, so that neither the current directory
nor the environment can inject code into a root process.
"""

import json
import os
import selectors
import subprocess
import time
from contextlib import suppress
from ipaddress import IPv4Address
from typing import Any

from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.facts.starts.leftovers import STAGES
from doctor.host.neighbours import holders
from doctor.host.rtnetlink.lock import is_held
from doctor.model.errors import DoctorError
from doctor.model.probing import Ended, Launch
from doctor.probes._place import place
from doctor.scan.runtime_command import runtime_command, runtime_program
from doctor.state.paths import state_dir
from doctor.state.reserve import Reservations

_LIMIT_S = 90.0
_CONTAINER_S = 15.0
_PARALLEL = 8
_MOST_TRIES, _AT_ONCE = 64, 8
_RUNGS_S, _CLEANUP_S = 30.0, 20.0


class Addresses:
    """Free addresses of the engine's networks: not recorded, not in use on the link, none assigned twice in a round."""

    def __init__(self, networks: Networks | None, links: Links | None, held: Reservations | None = None) -> None:
        """``held`` reserves addresses, so that other doctor processes don't use them."""
        self._networks = networks
        self._held = held
        self._asked: set[str] = set()
        self._taken: frozenset[str] = frozenset()
        self._links = links
        self._given: dict[str, int] = {}

    def on(self, identity: str) -> dict[str, Any] | str:
        """Return the runtime's ``bridge`` object for one more container, or the reason why that is impossible."""
        network = None if self._networks is None else self._networks.get(identity)
        if network is None or self._networks is None or self._links is None:
            return "the engine's networks or the host's interfaces can't be read"
        while True:
            given = self._given.get(identity, 0)
            spot = place(network, self._networks, self._links, skip=given)
            if spot is None or given >= _MOST_TRIES:
                return f"network {network.name} has no free address"
            self._given[identity] = given + 1
            address = str(spot["address"]).partition("/")[0]
            if self._is_free(network.bridge, address) and (self._held is None or self._held.take(f"address-{address}")):
                return spot

    def _is_free(self, bridge: str, address: str) -> bool:
        """Whether an address is unused on the bridge (ARP); the next few are probed with it."""
        if address not in self._asked and self._links is not None and self._links.link(bridge) is not None:
            first = int(IPv4Address(address))
            several = [str(IPv4Address(first - number)) for number in range(_AT_ONCE)]
            self._asked.update(several)
            self._taken |= holders(bridge, several)
        return address not in self._taken

    def close(self) -> None:
        """Release the addresses."""
        if self._held is not None:
            self._held.close()


def launch(wanted: tuple[Launch, ...], addresses: Addresses) -> tuple[dict[str, Ended], ...]:
    """Start the containers of several probes in one runtime process; return for each probe how they ended, by id.

    Raises ``DoctorError`` if the runtime returned nothing.
    """
    held = is_held()
    if held is not None:
        raise DoctorError(held.reason)
    containers: list[dict[str, Any]] = []
    found: tuple[dict[str, Ended], ...] = tuple({} for _ in wanted)
    rungs = [{**rung, "id": f"{number}.{rung['id']}"} for number, one in enumerate(wanted) for rung in one.rungs]
    climbing = _climb(rungs) if rungs else None
    for number, one in enumerate(wanted):
        for given in one.containers:
            container = _global(number, given)
            net = str(given.get("net", ""))
            if net.startswith("network:"):
                spot = addresses.on(net.removeprefix("network:"))
                if isinstance(spot, str):
                    identity = str(given["id"])
                    found[number][identity] = Ended(id=identity, exit=125, error=spot)
                    continue
                container.update(net="bridge", bridge=spot)
            containers.append(container)
    try:
        every = _run(containers) if containers else []
    finally:
        # They end at their own limits; until then, this process must not: the end of stdin ends them.
        reached = _reached(climbing) if climbing is not None else []
        if climbing is not None and (climbing.returncode or 0) < 0:
            _reached(_climb([]))  # it was killed: the next one removes what it left
    for ended in (*every, *reached):
        number_text, _, identity = ended.id.partition(".")
        found[int(number_text)][identity] = ended
    return found


def _global(number: int, given: dict[str, Any]) -> dict[str, Any]:
    """Return a container with an id that is unique among all probes, and with a timeout, so that each round ends."""
    container = {"timeout_s": _CONTAINER_S} | given | {"id": f"{number}.{given['id']}"}
    target = str(given.get("net", "")).partition("container:")[2]
    if target and not target.partition(":")[0].isdigit():
        container["net"] = f"container:{number}.{target}"
    return container


def _climb(rungs: list[dict[str, Any]]) -> "subprocess.Popen[bytes]":
    """Start the rungs beside the containers. Their process ends and removes everything once its stdin closes."""
    climbing = subprocess.Popen(
        runtime_command("rungs"),
        executable=runtime_program(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    document = json.dumps({"base": STAGES, "spare": f"{state_dir()}/start", "rungs": rungs}).encode()
    # A process that ends at once has no results, which the probe reports.
    with suppress(BrokenPipeError):
        if climbing.stdin is not None:
            climbing.stdin.write(document + b"\n")
            climbing.stdin.flush()
    return climbing


def _reached(climbing: "subprocess.Popen[bytes]") -> list[Ended]:
    """Wait for the rungs; return how each ended."""
    said = b""
    end = time.monotonic() + _RUNGS_S
    with selectors.DefaultSelector() as waiting:
        if climbing.stdout is not None:
            waiting.register(climbing.stdout, selectors.EVENT_READ)
            while (left := end - time.monotonic()) > 0:
                if waiting.select(left):
                    chunk = os.read(climbing.stdout.fileno(), 1 << 16)
                    if not chunk:
                        break
                    said += chunk
    _finish(climbing)
    # The last line of a killed process may be truncated.
    lines = said.rpartition(b"\n")[0].decode("utf-8", "replace").splitlines()
    return [_ended(json.loads(line)) for line in lines if line.startswith("{")]


def _finish(climbing: "subprocess.Popen[bytes]") -> None:
    """Wait until a process of rungs has removed everything; kill it if it hangs, and not wait for one that can't be killed."""
    for stream in (climbing.stdin, climbing.stdout):
        with suppress(OSError):
            if stream is not None:
                stream.close()
    with suppress(subprocess.TimeoutExpired):
        climbing.wait(_CLEANUP_S)
        return
    climbing.kill()
    with suppress(subprocess.TimeoutExpired):
        climbing.wait(1)


def _run(containers: list[dict[str, Any]]) -> list[Ended]:
    argv = runtime_command("batch")
    document = json.dumps({"containers": containers, "parallel": _PARALLEL}).encode()
    try:
        done = subprocess.run(
            argv, executable=runtime_program(), input=document, capture_output=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DoctorError(f"the test containers did not end within {_LIMIT_S:g} s") from error
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    ended = [_ended(json.loads(line)) for line in lines if line.startswith("{")]
    if not ended:
        said = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
        raise DoctorError(f"the bundled runtime could not run: {said}")
    return ended


def _ended(line: dict[str, Any]) -> Ended:
    stdout = str(line.get("stdout", ""))
    return Ended(
        id=str(line.get("id", "")),
        exit=int(line.get("exit", 125)),
        output=line["output"] if isinstance(line.get("output"), dict) else _last_object(stdout),
        stdout=stdout,
        stderr=str(line.get("stderr", "")),
        error=str(line.get("error") or ""),
        timed_out=bool(line.get("timed_out")),
        oom_killed=bool(line.get("oom_killed")),
        left=tuple(str(one) for one in line.get("left") or ()),
        seconds=float(line.get("seconds") or 0),
    )


def _last_object(stdout: str) -> dict[str, Any]:
    for text in reversed(stdout.splitlines()[-100:]):
        if text.startswith("{"):
            try:
                parsed = json.loads(text)
            except ValueError:
                continue
            return parsed if isinstance(parsed, dict) else {}
    return {}
