"""A real dockerd's judgement on a damaged root, and what doctor's repair makes of it."""

import hashlib
import json
from typing import Any

from msgspec import Struct

from tests.hosts import archive
from tests.hosts.box import Box
from tests.hosts.campaign.reference import STATE, Reference
from tests.hosts.campaign.verdict import Engine
from tests.hosts.flips.place import Place
from tests.hosts.sandbox import SandboxError

_VOLATILE = frozenset({"State", "Status", "NetworkSettings", "RestartCount", "ResolvConfPath", "HostsPath", "Created"})
_START_S = 25


class Judged(Struct, frozen=True, kw_only=True):
    """The verdict of dockerd on one place.

    Attributes:
        place: the fault.
        starts: whether dockerd came up on it.
        words: dockerd's last line where it did not.
        lost: names of what it lists of the healthy root and not, or not so, of this one.
        code: exit code of `doctor fix --apply`, -1 where none was tried.
        repaired: whether dockerd runs after the repair and lists all that it listed of the healthy root.
        left: what it does not list after the repair.
        output: what the repair printed.
    """

    place: Place
    starts: bool
    words: str = ""
    lost: tuple[str, ...] = ()
    code: int = -1
    repaired: bool = False
    left: tuple[str, ...] = ()
    output: str = ""


def healthy_lists(healthy: Reference) -> dict[str, str]:
    """Return what dockerd lists of the healthy root."""
    with Box(data_root=healthy.root) as box:
        box.start_dockerd()
        return lists(Engine(box))


def judge(
    healthy: Reference, whole: dict[str, str], place: Place, *, with_state: bool = True, repair: bool = True
) -> Judged:
    """Start dockerd on the damaged root; where it refuses or loses something, repair another copy of it and start again."""
    with Box(data_root=healthy.root) as box:
        place.apply(box.data_root)
        words = _start(box)
        lost = () if words else _lost(whole, lists(Engine(box)))
    if not words and not lost:
        return Judged(place=place, starts=True)
    if not repair:
        return Judged(place=place, starts=not words, words=words, lost=lost)
    with Box(data_root=healthy.root) as box:
        place.apply(box.data_root)
        if with_state:
            directory = box.path(STATE)
            directory.mkdir(mode=0o700, exist_ok=True)
            archive.unpack(healthy.state, directory)
        done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
        still = "" if box.engine_answers() else _start(box)
        left = ("the engine",) if still else _lost(whole, lists(Engine(box)))
    return Judged(
        place=place,
        starts=not words,
        words=words,
        lost=lost,
        code=done.returncode,
        repaired=not left,
        left=left,
        output=done.stdout + done.stderr,
    )


def _start(box: Box) -> str:
    """Start dockerd; returns its last words where it does not come up."""
    try:
        box.start_dockerd(timeout=_START_S)
    except SandboxError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        panic = [line for line in lines if line.startswith(("panic:", "fatal error:", "failed to start"))]
        return (panic or lines)[-1][:300]
    return ""


def lists(engine: Engine) -> dict[str, str]:
    """Each thing that the engine lists, with a digest of what it says of it, times and states aside."""
    found = {f"engine {engine.get('/info')['ID']}": ""}
    for image in engine.get("/images/json?all=1"):
        about = _about(engine, f"/images/{image['Id']}/json")
        keys = ("Parent", "Config", "RootFS", "Size", "failed")
        found[f"image {image['Id'][7:19]}"] = _digest({key: about.get(key) for key in keys})
        found |= {f"tag {tag}": image["Id"] for tag in image["RepoTags"] or []}
    for one in engine.get("/containers/json?all=1"):
        about = _about(engine, f"/containers/{one['Id']}/json")
        networks = about.get("NetworkSettings", {}).get("Networks", {})
        found[f"container {one['Names'][0]}"] = _digest(
            [{key: value for key, value in about.items() if key not in _VOLATILE}, sorted(networks)]
        )
        if "Up" in one["Status"]:
            found[f"running {one['Names'][0]}"] = ""
    for one in engine.get("/networks"):
        found[f"network {one['Name']}"] = _digest(
            {key: one[key] for key in ("Driver", "Scope", "EnableIPv6", "IPAM", "Internal", "Options", "Labels")}
        )
    for one in engine.get("/volumes").get("Volumes") or []:
        found[f"volume {one['Name']}"] = _digest({key: one.get(key) for key in ("Driver", "Labels", "Options")})
    return found


def _about(engine: Engine, path: str) -> dict[str, Any]:
    """Return the engine's answer about one thing; a refusal is a difference too."""
    try:
        found: dict[str, Any] = engine.get(path)
    except OSError as error:
        return {"failed": str(error)}
    return found


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def _lost(whole: dict[str, str], now: dict[str, str]) -> tuple[str, ...]:
    return tuple(sorted(name for name, value in whole.items() if now.get(name) != value))
