"""Which files are the engine's own, and what becomes of the engine when it can't decode one."""

from fnmatch import fnmatchcase

from doctor.model.severity import Severity

FATAL = (
    "network/files/local-kv.db",
    "volumes/metadata.db",
    "volumes/*/opts.json",
    "buildkit/*.db",
    "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db",
    "image/*/repositories.json",
    "engine-id",
    "swarm/*.json",
)
"""Beneath the data root: dockerd ends with an error (v26.1.5, each one tried)."""

LOSES = (
    "containers/*",
    "image/*/imagedb/content/*",
    "image/*/layerdb/*",
    "overlay2/*",
    "plugins/*",
    "swarm/*",
    "trust/*",
    "containerd/*",
)
"""Beneath the data root: the engine goes on without the container, image, layer or plugin."""


def severity_of(relative: str) -> Severity:
    """Return how bad it is that a file beneath the data root can't be decoded.

    >>> severity_of("volumes/v1/opts.json").name, severity_of("containers/c/config.v2.json").name, severity_of("x").name
    ('CRITICAL', 'ERROR', 'WARNING')
    """
    if any(fnmatchcase(relative, pattern) for pattern in FATAL):
        return Severity.CRITICAL
    return Severity.ERROR if any(fnmatchcase(relative, pattern) for pattern in LOSES) else Severity.WARNING
