"""Entries of an image layer differ from their tar headers."""

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
    ok="modes, owners, links and whiteouts in each layer match its tar headers",
)
def layer_metadata_lost(graph: LayerGraph, content: LayerContent) -> Iterator[Finding]:
    """Owners, modes, links or whiteouts in an image layer are lost, so deleted files are back and permissions are wrong.

    What it looks at:
        With ``--deep``: mode, owner, type, extended attributes, links, hard links, whiteouts (a character device 0/0 for each
        file that a layer deletes) and opaque marks of all entries in ``overlay2/DIRECTORY/diff``, compared with the tar headers
        in the layer's tar-split. Times are not compared, nor owners in a rootless data root.

    Why it matters:
        ``cp -r``, ``rsync`` without ``-aHAX`` and a backup without extended attributes lose these attributes silently. ``docker
        save`` still succeeds because it reads only contents. Files that an image deleted are back, set-uid bits and
        capabilities are missing, and services can't read their own files.

    How it is fixed:
        Each entry gets the attributes of its header. Contents are not changed, and a hard link is restored only if both files
        are equal. A second comparison must find no difference. Containers' writable layers have no headers:
        state/container-layer-copied lists those that were copied.

    References:
        https://github.com/vbatts/tar-split
        https://docs.kernel.org/filesystems/overlayfs.html
    """
    for chain, found in content.looks.items():
        if not found.lost:
            continue
        count = len(found.lost)
        top = graph.layers.diff_path(found.directory)
        evidence = [
            Evidence(f"{top}/{visible(one.name.decode('utf-8', 'surrogateescape'))}", visible(one.why))
            for one in found.lost[:20]
        ]
        if count > 20:
            evidence.append(Evidence("and more entries", str(count - 20)))
        yield Finding(
            subject=Subject("layer", chain[:12]),
            message=f"{count} {'entry' if count == 1 else 'entries'} of {graph.title(chain)} {'differs' if count == 1 else 'differ'} from the "
            "tar headers: deleted files may be back and permissions wrong",
            evidence=tuple(evidence),
            detail=OfLayer(chain=chain),
        )
