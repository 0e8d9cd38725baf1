"""Docker's seccomp profile (``seccomp-profile``), and its form in an OCI config.json.

Source: moby profiles/seccomp, seccomp.go and seccomp_linux.go.
"""

import json
from typing import Any

ACTIONS = frozenset(
    f"SCMP_ACT_{name}"
    for name in ("KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "ALLOW", "LOG", "NOTIFY")
)
_NATIVE = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
_GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


class ProfileError(ValueError):
    """The profile is invalid; the text says why."""


def parse(content: bytes) -> dict[str, Any]:
    """Parse a profile; one without ``defaultAction`` and ``syscalls`` is empty: it turns the filter off.

    Raises ``ProfileError`` for one with which no container starts.

    >>> parse(b'{"defaultAction": "SCMP_ACT_ALLOW"}')
    {'defaultAction': 'SCMP_ACT_ALLOW'}
    >>> parse(b'{"syscalls": []}')
    {}
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ProfileError("it is not valid JSON") from error
    if not isinstance(value, dict):
        raise ProfileError("it is not a JSON object")
    calls = value.get("syscalls") or []
    if not calls and not value.get("defaultAction"):
        return {}
    _action(value, "defaultAction")
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise ProfileError("'syscalls' is not a list of objects")
    for call in calls:
        _action(call, "action")
        if call.get("name") and call.get("names"):
            raise ProfileError("both 'name' and 'names' are in one entry of 'syscalls'")
        _lists(call)
    if value.get("architectures") and value.get("archMap"):
        raise ProfileError("both 'architectures' and 'archMap' are specified")
    if not isinstance(value.get("archMap") or [], list) or not isinstance(value.get("architectures") or [], list):
        raise ProfileError("'archMap' or 'architectures' is not a list")
    return value


def to_oci(profile: dict[str, Any], *, machine: str, capabilities: frozenset[str]) -> dict[str, Any]:
    """Return ``linux.seccomp`` of a container with these capabilities, of a parsed profile.

    >>> to_oci({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["reboot"], "action": "SCMP_ACT_ALLOW",
    ...     "includes": {"caps": ["CAP_SYS_BOOT"]}}]}, machine="x86_64", capabilities=frozenset())
    {'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': []}
    """
    found: dict[str, Any] = {"defaultAction": profile["defaultAction"]}
    if profile.get("defaultErrnoRet") is not None:
        found["defaultErrnoRet"] = profile["defaultErrnoRet"]
    architectures = list(profile.get("architectures") or [])
    for one in profile.get("archMap") or []:
        if isinstance(one, dict) and one.get("architecture") == _NATIVE.get(machine):
            architectures = [one["architecture"], *(one.get("subArchitectures") or [])]
    if architectures:
        found["architectures"] = architectures
    calls = [call for call in profile.get("syscalls") or [] if _holds(call, _GO_NAMES.get(machine, ""), capabilities)]
    found["syscalls"] = [_plain(call) for call in calls]
    return found


def _action(of: dict[str, Any], key: str) -> None:
    if of.get(key) not in ACTIONS:
        raise ProfileError(f"{of[key]!r} is not an action" if key in of else f"an entry has no '{key}'")


def _lists(call: dict[str, Any]) -> None:
    for key in ("names", "args"):
        if not isinstance(call.get(key) or [], list):
            raise ProfileError(f"'{key}' of an entry of 'syscalls' is not a list")
    for key in ("includes", "excludes"):
        if not isinstance(call.get(key) or {}, dict):
            raise ProfileError(f"'{key}' of an entry of 'syscalls' is not an object")


def _holds(call: dict[str, Any], arch: str, capabilities: frozenset[str]) -> bool:
    includes, excludes = call.get("includes") or {}, call.get("excludes") or {}
    # A rule for newer kernels only allows more: whatever runs without it runs with it.
    return not (
        (excludes.get("arches") and arch in excludes["arches"])
        or any(cap in capabilities for cap in excludes.get("caps") or ())
        or (includes.get("arches") and arch not in includes["arches"])
        or any(cap not in capabilities for cap in includes.get("caps") or ())
    )


def _plain(call: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"names": call.get("names") or ([call["name"]] if call.get("name") else [])}
    return found | {key: call[key] for key in ("action", "errnoRet", "args") if call.get(key) is not None}
