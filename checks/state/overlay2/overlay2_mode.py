"""The directory of all layers has the wrong mode or owner."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.details import OfFile
from doctor.facts.layers.directory_modes import DirectoryModes


@check(
    severity=Severity.INFO,
    detail=OfFile,
    ok="the engine owns the layer directories, and ordinary users can't open them",
)
def overlay2_mode(modes: DirectoryModes) -> Iterator[Finding]:
    """The directory of all layers is open to ordinary users, closed to its owner, or owned by another user.

    What it looks at:
        Mode and owner of ``overlay2`` and ``overlay2/l``, and the mode of the data root above them. The engine creates
        ``overlay2`` with mode 0710 (0701 or 0700 before 23) and ``l`` with 0700. A mode is wrong if others may read or write or
        the owner may not; an owner is wrong if it is not the engine's user. Modes and owners within layers come from the image:
        ``--deep`` compares those. The original mode of a container's own root directory is unknown.

    Why it matters:
        Root ignores modes, so nothing is broken yet, and the engine corrects the mode of ``overlay2`` at its next start. But if
        every user may write there and the data root lets them pass, any of them can replace layers. If they may list it, they
        can run the setuid programs of all images on the host. A wrong owner means that ``chown -R`` was run: files in the
        layers then have wrong owners too, and setuid programs have lost their bits and capabilities.

    How it is fixed:
        Mode and owner are set to the engine's values. Only services that must stop for a change of the data root are restarted.

    References:
        https://github.com/moby/moby/security/advisories/GHSA-3fwx-pjgw-3558
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    for path in modes.wrong():
        found = modes.found[path]
        name = path.rpartition(f"/{docker.OVERLAY2}")[2]
        is_open = bool(found.mode & 0o002) and modes.is_reachable
        is_foreign = found.uid != modes.uid
        evidence = [Evidence(path, f"mode {found.mode:04o}, owner {found.uid}:{found.gid}")]
        if is_open:
            consequence = ": any user of this host can change the files of all containers"
        elif is_foreign:
            consequence = ": if everything below it was changed too, files of containers have the wrong owner"
            evidence.append(Evidence("'doctor scan --deep'", "compares the owners in all layers with the tar headers"))
        else:
            consequence = ", which the engine never sets"
        yield Finding(
            subject=Subject("directory", f"{docker.OVERLAY2}{name}"),
            message=f"overlay2{name} has mode {found.mode:04o} and owner {found.uid}{consequence}",
            evidence=tuple(evidence),
            detail=OfFile(path=path),
            severity=Severity.WARNING if is_open or is_foreign else None,
        )
