"""A file of the engine can't be decoded."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.paths import severity_of
from doctor.facts.engine.undecoded import Undecoded
from doctor.model.paths import is_beneath

_SETTINGS = (docker.CONFIG_DIRECTORY, containerd.CONFIG_DIRECTORY)
_DEFAULT_ROOT = docker.DEFAULT_ROOT


@check(severity=Severity.ERROR, ok="each file of the engine that was read could be decoded")
def file_undecodable(
    undecoded: Undecoded, root: DataRoot | Missing, service: ContainerdService | Missing
) -> Iterator[Finding]:
    """A file of the engine can't be decoded, and no other check reports it: truncated, altered, too large, or of another type.

    What it looks at:
        Files in the data root, in containerd's root, and in ``/etc/docker`` and ``/etc/containerd`` that the readers of other
        checks could not decode. Files for which a more specific check has a finding are not reported.

    Why it matters:
        The engine decodes the same file. If it can't, it does not start (databases, lists of names, volume options), or
        continues without the container, image or layer.

    How it is fixed:
        Manually: a file of this kind has no check of its own yet. Restore it from a backup, or move it away while the engine is
        stopped, if the engine does not need it.

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
        starts = "" if severity < Severity.CRITICAL else ", and the engine can't start"
        yield Finding(
            subject=Subject("file", file.path),
            message=f"{file.path} can't be decoded: {file.problem}{starts}",
            evidence=(
                Evidence(file.path, file.problem),
                Evidence("checks that could not use it", ", ".join(file.checks)),
            ),
            severity=severity,
            stops_start=severity is Severity.CRITICAL,
        )
