"""Problems that block the engine's start and that only the user can resolve."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.config import keys as daemon_keys
from doctor.facts.config.bad_values import bad_values
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.values import NamedThings
from doctor.facts.network.links import Links
from doctor.facts.storage.driver import Storage

Release = tuple[int, int, int] | None

STOPPERS = (
    "cgroups/none-mounted",
    "config/dropin-execstart",
    "config/environment-file-missing",
    "config/file-missing",
    "config/flag-file-conflict",
    "config/invalid-json",
    "config/invalid-value",
    "config/removed-key",
    "config/removed-storage-opt",
    "config/unknown-flag",
    "config/unknown-key",
    "config/wrong-type",
    "engine/containerd-down",
    "engine/docker-proxy-missing",
    "engine/program-missing",
    "engine/runtime-missing",
    "engine/socket-group-missing",
    "engine/start-failure",
    "engine/unit-failure",
    "engine/unit-masked",
    "firewall/firewalld-zone-conflict",
    "firewall/iptables-fails",
    "firewall/iptables-missing",
    "firewall/variant-unsupported",
    "logging/unknown-option",
    "namespaces/subid",
    "resources/disk-full",
    "resources/inodes-full",
    "security/tls-certificate",
    "state/bridge-record-orphan",
    "state/buildkit-db-corrupt",
    "state/containerd-db-corrupt",
    "state/containerd-pid-foreign",
    "state/database-locked",
    "state/drivers-several",
    "state/engine-id-wrong",
    "state/file-undecodable",
    "state/immutable-attribute",
    "state/network-db-corrupt",
    "state/network-record-corrupt",
    "state/overlay2-link-broken",
    "state/pidfile-foreign",
    "state/repositories-json-corrupt",
    "state/socket-wrong-type",
    "state/swarm-live-restore",
    "state/swarm-state-corrupt",
    "state/trust-key-corrupt",
    "state/volume-db-corrupt",
    "state/volume-opts-corrupt",
    "storage/data-root-on-overlay",
    "storage/data-root-readonly",
    "storage/data-root-unsuitable",
    "storage/driver-fs-mismatch",
    "storage/driver-removed",
    "storage/driver-unknown",
    "storage/no-d-type",
    "storage/option-foreign",
    "storage/overlay-unsupported",
)
"""Checks whose findings explain an engine that does not start: all that declare ``stops_start``, and some that only may."""


class StartBlockers(Struct, frozen=True, kw_only=True):
    """Reasons why a start fails whatever else is repaired, each in a few words; () if none is known."""

    reasons: tuple[str, ...]


def blockers(
    config: EngineConfig, things: NamedThings, storage: Storage | None, release: Release, links: Links | None
) -> Iterator[str]:
    """Yield problems that no fixer resolves: until the user resolves them, a start only fails again."""
    file, flags = config.json, config.flags
    if file.problem and not file.is_repairable:
        yield f"{file.path} is {'a directory' if file.is_directory else 'not valid JSON'}"
    for problem in daemon_keys.problems(file.value, release):
        if problem.kind == "unknown" and problem.close and not problem.meant:
            yield f"{file.path} has the unknown key {problem.name}"
        if problem.kind == "wrong-type" and problem.wanted is None:
            yield f"{problem.name} in {file.path} has the wrong type"
    for value in bad_values(config, things, release, links):
        if value.stops:
            yield f"the value of {value.key} is invalid ({value.why})"
    if file.is_explicit and not file.exists:
        yield f"{file.path} does not exist"
    yield from (f"{path} does not exist" for path in flags.missing_files)
    if flags.is_masked:
        yield f"{flags.launcher_file} is masked"
    if flags.arguments:
        yield f"'{flags.arguments[0]}' on its command line is not part of a flag"
    if storage is not None:
        yield from _ground(storage)


def _ground(storage: Storage) -> Iterator[str]:
    overlay = storage.driver in {docker.OVERLAY2, docker.SNAPSHOTTER}
    if storage.is_read_only:
        yield "the data root is read-only"
    if overlay and storage.has_overlay is False:
        yield "the kernel has no overlayfs"
    if overlay and storage.file_system == "overlay":
        yield "the data root is on an overlay"
    yield from (f"{one.point} is not mounted" for one in storage.unmounted)
