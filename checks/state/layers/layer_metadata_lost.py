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
        are equal. A second comparison must find nothing. Where several layers lost something, the whole root was copied so, and the
        containers' own layers too: no header tells what they lost, so they are left as they are and named.

    References:
        https://github.com/vbatts/tar-split
        https://docs.kernel.org/filesystems/overlayfs.html
    """
    was_copied = sum(bool(found.lost) for found in content.looks.values()) > 1
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
        if was_copied and (names := _standing_on(graph, chain)):
            evidence.append(
                Evidence(
                    f"the writable layer of {', '.join(names[:6])}",
                    "no record shows what else it lost: files deleted in it may be back, which no repair changes",
                )
            )
        yield Finding(
            subject=Subject("layer", chain[:12]),
            message="deleted files may be back and permissions wrong: "
            f"{count} {'entry' if count == 1 else 'entries'} of {graph.title(chain)} lost what the tar headers say",
            evidence=tuple(evidence),
            detail=OfLayer(chain=chain),
        )


def _standing_on(graph: LayerGraph, chain: str) -> tuple[str, ...]:
    """Return the titles of the containers whose image has the layer."""
    images = {image.removeprefix("sha256:") for image in graph.expected[chain].images}
    return tuple(one.title for one in graph.containers.items if one.image_id.removeprefix("sha256:") in images)
