"""An unpacked layer of containerd is not what its content says."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containerd.content import ContainerdContent, SnapshotLook
from doctor.facts.containerd.lists import ContainerdLists
from doctor.facts.details import OfFile
from doctor.model.paths import HostPath, join
from doctor.model.text import visible


@check(
    severity=Severity.ERROR, detail=OfFile, deep=True, ok="each unpacked layer of containerd is what its content says"
)
def containerd_snapshot_altered(lists: ContainerdLists, content: ContainerdContent) -> Iterator[Finding]:
    """Files of an image's unpacked layer are not what the image has, so containers run with altered, missing or foreign files.

    What it looks at:
        With ``--deep``: every entry of each layer's content (a tar, compressed or not, proven by its digest) against
        ``snapshots/NUMBER/fs``: bytes, mode, owner, type, extended attributes, links, whiteouts, opaque marks, and names that the
        layer doesn't have. Times are no finding. Layers whose content is damaged can't be compared.

    Why it matters:
        Nothing else notices: containers start and use what is there, and ``docker save`` hands on the right content. A failing
        disk does this, a copy without attributes, and somebody who hides.

    How it is fixed:
        Unpacked again from the content: what differs is written anew, what the layer doesn't have goes into quarantine. Writable
        layers of containers are not touched.

    References:
        https://github.com/opencontainers/image-spec/blob/main/layer.md
        https://docs.kernel.org/filesystems/overlayfs.html
    """
    for store in content.items:
        known = lists.at(store.top)
        for name, look in store.looks.items() if known is not None else ():
            if known is None:
                continue
            top = known.tree_path(known.snapshots[name])
            images = ", ".join(store.needing.get(name, ())[:6])
            count = look.altered_count + len(look.lost) + look.extra_count
            yield Finding(
                subject=Subject("snapshot", name),
                message=f"containers of {images or 'an image'} run with altered files: {count} "
                f"{'entry' if count == 1 else 'entries'} of a layer {'is' if count == 1 else 'are'} not what the image has",
                evidence=(*_evidence(top, look), Evidence("images that have the layer", images or "none")),
                detail=OfFile(path=top),
            )


def _evidence(top: HostPath, look: SnapshotLook) -> Iterator[Evidence]:
    lines = [(one.name, one.why) for one in look.altered]
    lines += [(one.name, one.why) for one in look.lost]
    lines += [(name, "the layer doesn't have it") for name in look.extra]
    for name, why in lines[:20]:
        yield Evidence(join(top, visible(name.decode("utf-8", "surrogateescape"))), visible(why))
    more = look.altered_count + len(look.lost) + look.extra_count - min(len(lines), 20)
    if more:
        yield Evidence("and more entries", str(more))
