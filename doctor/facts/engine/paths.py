"""The engine's own files, and the consequence if one can't be decoded."""

from fnmatch import fnmatchcase

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.model.severity import Severity

FATAL = (
    docker.NETWORK_DATABASE,
    docker.VOLUME_DATABASE,
    docker.volume_options("*"),
    f"{docker.BUILDKIT}/*.db",
    f"{docker.OWN_CONTAINERD}/{containerd.METADATA_DATABASE}",
    docker.tags("*"),
    docker.ENGINE_ID,
    f"{docker.SWARM}/*.json",
)
"""Paths below the data root: dockerd exits with an error (v26.1.5, each one tried)."""

LOSES = (
    f"{docker.CONTAINERS}/*",
    f"{docker.image_store('*')}/{docker.IMAGEDB_CONTENT}/*",
    f"{docker.image_store('*')}/{docker.LAYERDB}/*",
    f"{docker.OVERLAY2}/*",
    f"{docker.PLUGINS}/*",
    f"{docker.SWARM}/*",
    f"{docker.TRUST}/*",
    f"{docker.CONTAINERD}/*",
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
