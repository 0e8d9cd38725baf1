"""The directory of layers has the wrong mode."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.layers.directory_modes import DirectoryModes


@check(
    severity=Severity.INFO, detail=OfFile, ok="the directories of layers are the engine's and closed to ordinary users"
)
def overlay2_mode(modes: DirectoryModes) -> Iterator[Finding]:
    """The directory that holds all layers is open to ordinary users of the host, closed to its owner, or somebody else's.

    What it looks at:
        Mode and owner of ``overlay2`` and ``overlay2/l``, and the mode of the data root above. The engine makes ``overlay2``
        0710 (0701 or 0700 before 23) and ``l`` 0700; it is wrong where others may read or write, where the owner may not, or
        where its owner is not the user that the engine runs as. Modes and owners within layers are the image's own: ``--deep``
        compares those. What the mode of a container's own root directory was can't be known.

    Why it matters:
        Root ignores modes, so nothing is broken yet, and the engine sets that of ``overlay2`` right at its next start. But
        where every user may write and the data root lets them pass, any of them can put other layers in place; where they may
        list it, they can run the setuid programs of all images on the host. Another owner means that somebody ran
        ``chown -R``: files in the layers have lost their owners too, and setuid programs and capabilities their marks.

    How it is fixed:
        Mode and owner become what the engine gives them. Nothing restarts but what must stop for a change of the data root.

    References:
        https://github.com/moby/moby/security/advisories/GHSA-3fwx-pjgw-3558
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    for path in modes.wrong():
        found = modes.found[path]
        name = path.rpartition("/overlay2")[2]
        is_open = bool(found.mode & 0o002) and modes.is_reachable
        is_foreign = found.uid != modes.uid
        evidence = [Evidence(path, f"mode {found.mode:04o}, owner {found.uid}:{found.gid}")]
        if is_open:
            consequence = ": any user of this host can change the files of all containers"
        elif is_foreign:
            consequence = ": where all below it was changed so, files of containers have the wrong owner"
            evidence.append(
                Evidence("'doctor scan --deep'", "compares the owners in all layers with their tar headers")
            )
        else:
            consequence = ", which the engine never sets"
        yield Finding(
            subject=Subject("directory", f"overlay2{name}"),
            message=f"overlay2{name} has mode {found.mode:04o} of user {found.uid}{consequence}",
            evidence=tuple(evidence),
            detail=OfFile(path=path),
            severity=Severity.WARNING if is_open or is_foreign else None,
        )
