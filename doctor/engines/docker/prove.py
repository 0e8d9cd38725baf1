"""Checks through the API that the started engine has everything that must be there."""

import json
import time
from typing import Any
from urllib.parse import quote

from doctor.engines.docker import places as docker
from doctor.host.base import Host
from doctor.model.expected import Asked, Expected
from doctor.model.finding import Evidence
from doctor.model.missing import HostError
from doctor.model.outcome import Result
from doctor.model.paths import HostPath
from doctor.model.probe_result import ProbeResult

NAME = "engine"
PROVES = "the engine has everything that must be there, and runs what it starts by itself"
_ASK_S = 30.0
_SETTLE_S = 10.0
_PAUSE_S = 0.25
_GONE = "it does not exist"


class UnansweredError(Exception):
    """The engine does not answer, or not as it should."""


def ask_engine(host: Host, socket: str, expected: Expected) -> Asked:
    """Check that the engine has everything that must be there, and runs what must run again."""
    started = time.perf_counter()
    asked = _Asked(host, socket)
    try:
        there, is_ours, runtimes = _there(asked, expected)
        missing = expected.beyond(there)
        stopped = _not_running(asked, _named(expected)) if is_ours and not missing else ()
        unmet = expected.unmet(there, runtimes) if is_ours and not missing else ()
        left = (*_not_running(asked, expected.restarts), *_removed(asked, expected)) if not missing else ()
    except UnansweredError as error:
        missing, stopped, unmet, left, is_ours = (str(error),), (), (), (), False
    problems = [*(f"{name} is missing" for name in missing), *stopped, *unmet, *left]
    message = _listed(problems) if problems else _has(expected, is_ours=is_ours)
    proof = ProbeResult(
        name=NAME,
        proves=PROVES,
        result=Result.FAIL if problems else Result.PASS,
        message=message,
        evidence=tuple(Evidence("the engine's API", problem) for problem in problems[:40]),
        seconds=round(time.perf_counter() - started, 3),
    )
    return Asked(proof=proof, is_missing=bool(missing), is_stopped=bool(stopped))


def _has(expected: Expected, *, is_ours: bool) -> str:
    """Return what the engine has, in words, and what was not checked."""
    if is_ours:
        return f"the engine has {expected.in_words}" + _running(expected)
    shown = Expected(volumes=expected.volumes, networks=expected.networks)
    hidden = Expected(images=expected.images, tags=expected.tags, containers=expected.containers)
    if hidden == Expected():
        return f"the engine has {shown.in_words}"
    return f"the engine has {shown.in_words}, and uses another storage driver than {docker.OVERLAY2}: it does not show {hidden.in_words}"


def _named(expected: Expected) -> dict[str, str]:
    return {identity: expected.containers.get(identity, identity[:12]) for identity in expected.runs}


def _removed(asked: "_Asked", expected: Expected) -> tuple[str, ...]:
    """Return the containers that the stop of the engine removed because of ``--rm``."""
    gone = [name for identity, name in expected.removed.items() if asked.state(identity) is None]
    return tuple(f"container {name} was run with --rm and removed by the engine's stop: run it again" for name in gone)


def _listed(problems: list[str]) -> str:
    more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
    return "; ".join(problems[:5]) + more


def _running(expected: Expected) -> str:
    number = len(expected.runs)
    words = (
        "1 container that restarts by itself runs"
        if number == 1
        else f"{number} containers that restart by themselves run"
    )
    return f"; {words}" if number else ""


def not_running(host: Host, socket: str, wanted: dict[str, str]) -> tuple[str, ...]:
    """Return why each of these containers (id → name) does not run; wait shortly for those that are starting."""
    return _not_running(_Asked(host, socket), wanted)


class _Asked:
    """The engine's API."""

    def __init__(self, host: Host, socket: str) -> None:
        self.host = host
        self.socket = HostPath(socket) if socket else None

    def state(self, identity: str) -> dict[str, Any] | None:
        """Return a container's state, ``None`` if there is no such container."""
        try:
            found = self.get(f"/containers/{quote(identity)}/json")
        except UnansweredError:
            return None
        return found.get("State") or {} if isinstance(found, dict) else {}

    def get(self, path: str) -> Any:
        try:
            answer = self.host.engine(path, timeout_s=_ASK_S, socket=self.socket)
            found = json.loads(answer.body)
        except HostError as error:
            raise UnansweredError(f"a valid answer of the engine ({error.missing.reason})") from error
        except ValueError as error:
            raise UnansweredError(f"a valid answer of the engine (GET {path} returned no JSON)") from error
        if answer.status != 200:
            raise UnansweredError(f"a valid answer of the engine (GET {path} gave {answer.status}: {_message(found)})")
        return found


def _message(found: Any) -> str:
    return str(found.get("message", "")) if isinstance(found, dict) else ""


def _there(asked: _Asked, expected: Expected) -> tuple[Expected, bool, frozenset[str]]:
    """Return what the engine lists of these, whether it uses their storage driver, and its runtimes."""
    info = asked.get("/info")
    # With another storage driver, or the containerd store, the images of overlay2 are hidden, not lost.
    ours = isinstance(info, dict) and info.get("Driver") == docker.OVERLAY2
    images = asked.get("/images/json?all=1") if expected.images and ours else ()
    containers = asked.get("/containers/json?all=1") if expected.containers and ours else ()
    volumes = asked.get("/volumes") if expected.volumes or expected.needs else {}
    networks = asked.get("/networks") if expected.networks or expected.needs else ()
    digests = {str(one.get("Id")): one for one in images}
    tags = {str(tag): digest for digest, one in digests.items() for tag in _names(one)}
    there = Expected(
        images={digest.removeprefix("sha256:"): "" for digest in digests} if ours else expected.images,
        tags=tags if ours else expected.tags,
        containers={str(one.get("Id")): "" for one in containers} if ours else expected.containers,
        volumes=tuple(str(one.get("Name")) for one in (volumes.get("Volumes") or ())),
        networks={str(one.get("Id")): str(one.get("Name")) for one in networks},
    )
    return there, ours, frozenset(info.get("Runtimes") or ()) if ours else frozenset()


def _names(image: dict[str, Any]) -> list[str]:
    return [*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ())]


def _not_running(asked: _Asked, wanted: dict[str, str]) -> tuple[str, ...]:
    """Return why each container that should run (id → name) does not; wait shortly for those that are starting."""
    deadline = time.monotonic() + _SETTLE_S
    left = list(wanted)
    states: dict[str, dict[str, Any]] = {}
    while left:
        for identity in left:
            states[identity] = asked.state(identity) or {"Error": _GONE}
        left = [identity for identity in left if not _runs(states[identity])]
        if time.monotonic() > deadline or all(states[identity].get("Error") for identity in left):
            break
        time.sleep(_PAUSE_S)
    return tuple(f"container {wanted[identity]} {_why(states[identity])}" for identity in left)


def _runs(state: dict[str, Any]) -> bool:
    return bool(state.get("Running")) and not state.get("Restarting")


def _why(state: dict[str, Any]) -> str:
    if state.get("Error") == _GONE:
        return "does not exist in the engine"
    if state.get("Error"):
        return f"can't start: {state['Error']}"
    code = state.get("ExitCode")
    again = ", repeatedly" if state.get("Restarting") else ""
    return f"does not stay up: its program ends with exit code {code}{again}"
