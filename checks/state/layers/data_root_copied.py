"""Image layers lost attributes because the data root was copied."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.headers import CopiedRoot
from doctor.model.text import plural, visible

_SHOWN, _SHOWN_EACH = 6, 2


@check(
    severity=Severity.ERROR,
    ok="sampled entries of image layers have the owners, modes and whiteouts of their tar headers",
)
def data_root_copied(copied: CopiedRoot, graph: LayerGraph) -> Iterator[Finding]:
    """Image layers lost owners, modes, links or whiteouts, as after a copy of the data root with ``cp -r``.

    What it looks at:
        The first tar headers of four layers are compared with the entries in ``overlay2``: owner, mode, links, extended
        attributes, whiteouts, opaque marks. If one entry differs, if all files of a layer have other times than their headers,
        or if a container's layer was copied, the headers of many layers are compared, small layers first, up to 10,000 entries.
        Contents are not read. The check state/layer-metadata-lost (``--deep``) finds the rest.

    Why it matters:
        In every container of these images, deleted files are back, programs have no set-uid bits or capabilities, and services
        can't read or write their own files. The engine reports nothing.

    How it is fixed:
        ``doctor fix --deep`` verifies each layer by its digest and restores its entries from the tar headers. Containers'
        writable layers have no headers: state/container-layer-copied lists them.

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
        evidence.append(Evidence("layers not examined, or not completely", str(copied.left)))
    images = graph.image_titles(tuple({one for look in lossy for one in graph.expected[look.chain].images}))
    yield Finding(
        subject=Subject("data-root", docker.OVERLAY2),
        message=f"{count} {'entry differs' if count == 1 else 'entries differ'} from the tar headers in"
        f" {plural(len(lossy), 'layer')} (images {', '.join(images[:_SHOWN])}): deleted files may be back and permissions"
        " wrong",
        evidence=tuple(evidence),
    )
