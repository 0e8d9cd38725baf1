"""The engine's own files, and the consequence if one can't be decoded."""

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
"""Paths below the data root: dockerd exits with an error (v26.1.5, each one tried)."""

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
"""Paths below the data root: the engine continues without the container, image, layer or plugin."""


def severity_of(relative: str) -> Severity:
    """Return the severity if a file below the data root can't be decoded.

    >>> severity_of("volumes/v1/opts.json").name, severity_of("containers/c/config.v2.json").name, severity_of("x").name
    ('CRITICAL', 'ERROR', 'WARNING')
    """
    if any(fnmatchcase(relative, pattern) for pattern in FATAL):
        return Severity.CRITICAL
    return Severity.ERROR if any(fnmatchcase(relative, pattern) for pattern in LOSES) else Severity.WARNING
