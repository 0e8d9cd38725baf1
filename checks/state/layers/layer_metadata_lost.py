"""Entries of an image's layer lost what their headers say."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLayer
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.model.text import visible


@check(
    severity=Severity.ERROR,
    detail=OfLayer,
    deep=True,
    ok="modes, owners, links and deletions in each layer are those of its tar",
)
def layer_metadata_lost(graph: LayerGraph, content: LayerContent) -> Iterator[Finding]:
    """Owners, modes, links or deletions in a layer are lost, so deleted files are back and permissions are wrong.

    What it looks at:
        With ``--deep``: mode, owner, type, extended attributes, links, hard links, whiteouts (a character device 0/0 for each
        file that a layer deletes) and opaque marks of all that ``overlay2/DIRECTORY/diff`` holds, against the tar headers
        that the layer's tar-split keeps. Times are no finding. Owners are not compared in a rootless data root.

    Why it matters:
        ``cp -r``, ``rsync`` without ``-aHAX`` or a backup without extended attributes lose them. Nothing says so, and
        ``docker save`` still succeeds, since it reads contents only: files that an image deleted reappear, set-uid bits and
        capabilities are gone, services can't read their own files.

    How it is fixed:
        Each entry gets what its header says; contents stay as they are. A hard link is joined again only where both files
        are equal. A second comparison must find nothing. No header says what containers' own layers lost:
        state/container-layer-copied names those that were copied too.

    References:
        https://github.com/vbatts/tar-split
        https://docs.kernel.org/filesystems/overlayfs.html
    """
    for chain, found in content.looks.items():
        if not found.lost:
            continue
        count = len(found.lost)
        top = graph.layers.directory_path(found.directory, "diff")
        evidence = [
            Evidence(f"{top}/{visible(one.name.decode('utf-8', 'surrogateescape'))}", visible(one.why))
            for one in found.lost[:20]
        ]
        if count > 20:
            evidence.append(Evidence("and more entries", str(count - 20)))
        yield Finding(
            subject=Subject("layer", chain[:12]),
            message="deleted files may be back and permissions wrong: "
            f"{count} {'entry' if count == 1 else 'entries'} of {graph.title(chain)} lost what the tar headers say",
            evidence=tuple(evidence),
            detail=OfLayer(chain=chain),
        )
