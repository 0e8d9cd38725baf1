"""Layers lost attributes as a copy of the data root loses them."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.headers import CopiedRoot
from doctor.model.text import plural, visible

_SHOWN, _SHOWN_EACH = 6, 2


@check(severity=Severity.ERROR, ok="a sample of layers' entries has the owners, modes and marks of the tar headers")
def data_root_copied(copied: CopiedRoot, graph: LayerGraph) -> Iterator[Finding]:
    """Layers of images lost owners, modes, links or marks, as a copy of the data root with ``cp -r`` loses them.

    What it looks at:
        The first tar headers of four layers against the entries in ``overlay2``: owner, mode, links, extended attributes,
        whiteouts, opaque marks. Where one differs, where all files of a layer have another time than their headers, or where a
        container's layer shows that it was copied, the headers of many layers, small ones first: 10,000 entries. Contents are not
        read, and what ``--deep`` finds beyond them is state/layer-metadata-lost.

    Why it matters:
        Deleted files are back, programs lose set-uid bits and capabilities, services can't read or write their own files, in each
        container of these images. The engine says nothing of it.

    How it is fixed:
        ``doctor fix --deep`` proves each layer by its digest, and gives its entries what their headers say. Containers' own layers
        have no headers: state/container-layer-copied names them.

    References:
        https://docs.kernel.org/filesystems/overlayfs.html
        https://github.com/vbatts/tar-split
    """
    lossy = copied.lossy()
    if not lossy:
        return
    count = sum(len(look.lost) for look in lossy)
    evidence = [
        Evidence(f"{look.top}/{visible(one.name.decode('utf-8', 'surrogateescape'))}", visible(one.why))
        for look in lossy[:_SHOWN]
        for one in look.lost[:_SHOWN_EACH]
    ]
    if len(evidence) < count:
        evidence.append(Evidence("and more entries", str(count - len(evidence))))
    if copied.left:
        evidence.append(Evidence("layers not looked at, or not to their end", str(copied.left)))
    images = graph.image_titles(tuple({one for look in lossy for one in graph.expected[look.chain].images}))
    yield Finding(
        subject=Subject("data-root", "overlay2"),
        message=f"deleted files may be back and permissions wrong: {count} {'entry' if count == 1 else 'entries'} in"
        f" {plural(len(lossy), 'layer')} lost what the tar headers say (images {', '.join(images[:_SHOWN])})",
        evidence=tuple(evidence),
    )
