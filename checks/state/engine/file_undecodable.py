"""A file of the engine is not what the engine writes."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.paths import severity_of
from doctor.facts.engine.undecoded import Undecoded
from doctor.model.paths import is_beneath

_SETTINGS = ("/etc/docker", "/etc/containerd")
_DEFAULT_ROOT = "/var/lib/docker"


@check(severity=Severity.ERROR, ok="every file of the engine that was read could be decoded")
def file_undecodable(
    undecoded: Undecoded, root: DataRoot | Missing, service: ContainerdService | Missing
) -> Iterator[Finding]:
    """A file of the engine can't be decoded, and no other finding says so: torn, altered, too large, or something else in its place.

    What it looks at:
        What the readers of all other checks could not decode, of the files beneath the data root, of containerd's, and of
        ``/etc/docker`` and ``/etc/containerd``. It judges only what no more special check has found already.

    Why it matters:
        The engine decodes the same file. Where it can't, it does not start (databases, lists of names, volume options), or goes on
        without the container, image or layer.

    How it is fixed:
        By hand: a file of this kind has no check of its own yet. Restore it from a backup, or move it away with the engine
        stopped if the engine can do without it.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/daemon.go
    """
    top = _DEFAULT_ROOT if isinstance(root, Missing) else root.resolved
    tops = (top, *_SETTINGS, *(() if isinstance(service, Missing) else (service.resolved,)))
    for file in undecoded.files:
        if not any(is_beneath(file.path, one) for one in tops):
            continue
        relative = file.path.removeprefix(top).lstrip("/") if is_beneath(file.path, top) else ""
        severity = severity_of(relative) if relative else Severity.ERROR
        starts = "" if severity < Severity.CRITICAL else ", and the engine can't start on it"
        yield Finding(
            subject=Subject("file", file.path),
            message=f"{file.path} can't be decoded: {file.problem}{starts}",
            evidence=(Evidence(file.path, file.problem), Evidence("checks that go without it", ", ".join(file.checks))),
            severity=severity,
            stops_start=severity is Severity.CRITICAL,
        )
