"""Looks up files, groups and users that settings name."""

from collections.abc import Iterator
from typing import Any

from doctor.collect.config.places import unfit_places
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.values import NamedThings
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import HostPath

_PATHS = ("init-path", "seccomp-profile", "tlscacert", "tlscert", "tlskey", "userland-proxy-path")


@collector
def named_things(host: Host, config: EngineConfig) -> NamedThings:
    """Return which of them exist. Only those that a setting names are looked up."""
    wants_group = config.is_set("group")
    wants_user = config.is_set("userns-remap")
    return NamedThings(
        missing_paths={key: path for key, path in _paths(config) if not host.exists(HostPath(path))},
        unfit=tuple(unfit_places(host, config)),
        groups=_names(host, "/etc/group") if wants_group else frozenset(),
        users=_names(host, "/etc/passwd") if wants_user else frozenset(),
        seccomp_problem=seccomp_profile(host, config)[1],
        needs_systemd=_wants_systemd(config) and host.is_live() and not host.exists(HostPath("/run/systemd/system")),
        most_files=_most_files(host) if config.is_set("default-ulimits") else 0,
        binds_foreign=any(config.is_set(key) for key in ("ip", "hosts"))
        and any(_is_on(host, family) for family in ("ipv4", "ipv6")),
    )


def seccomp_profile(host: Host, config: EngineConfig) -> tuple[dict[str, Any] | None, str]:
    """Return the profile in the file of ``seccomp-profile``, and why it is invalid; (None, "") without one or an empty one.

    A file that can't be read is reported by others.
    """
    path = config.get("seccomp-profile")
    if not isinstance(path, str) or not path.startswith("/"):
        return None, ""
    try:
        content = host.read(HostPath(path), limit_bytes=4 << 20)
    except HostError:
        return None, ""
    from doctor.formats.config import seccomp_profile as profiles  # noqa: PLC0415 - few hosts have a profile of their own

    try:
        return profiles.parse(content) or None, ""
    except profiles.ProfileError as error:
        return None, str(error)


def _most_files(host: Host) -> int:
    try:
        return int(host.read(HostPath("/proc/sys/fs/nr_open"), limit_bytes=64))
    except (HostError, ValueError):
        return 0


def _is_on(host: Host, family: str) -> bool:
    try:
        return host.read(HostPath(f"/proc/sys/net/{family}/ip_nonlocal_bind"), limit_bytes=16).strip() == b"1"
    except HostError:
        return False


def _wants_systemd(config: EngineConfig) -> bool:
    options = config.get("exec-opts")
    return "native.cgroupdriver=systemd" in (options if isinstance(options, list) else ())


def _paths(config: EngineConfig) -> Iterator[tuple[str, str]]:
    for key in _PATHS:
        value = config.get(key) if config.is_set(key) else None
        # "unconfined" and "builtin" are words of seccomp-profile.
        if isinstance(value, str) and value.startswith("/"):
            yield key, value
    runtimes, default = config.get("runtimes"), config.get("default-runtime")
    named = runtimes if isinstance(runtimes, dict) else {}
    # The default runtime last: of several missing ones it is the one reported.
    for runtime in (named[name] for name in sorted(named, key=lambda name: name == default)):
        path = runtime.get("path") if isinstance(runtime, dict) else None
        if isinstance(path, str) and path.startswith("/"):
            yield "runtimes", path


def _names(host: Host, path: str) -> frozenset[str]:
    """Return the first fields of a file of lines with colons; empty if it can't be read."""
    try:
        text = host.read(HostPath(path), limit_bytes=1 << 22).decode("utf-8", "replace")
    except HostError:
        return frozenset()
    return frozenset(line.partition(":")[0] for line in text.splitlines() if line and not line.startswith("#"))
