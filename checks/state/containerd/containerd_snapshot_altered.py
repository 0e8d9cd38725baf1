"""An unpacked layer of containerd differs from its content."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containerd.content import ContainerdContent, SnapshotLook
from doctor.facts.containerd.lists import ContainerdLists
from doctor.facts.details import OfFile
from doctor.model.paths import HostPath, join
from doctor.model.text import visible


@check(severity=Severity.ERROR, detail=OfFile, deep=True, ok="each unpacked layer of containerd matches its content")
def containerd_snapshot_altered(lists: ContainerdLists, content: ContainerdContent) -> Iterator[Finding]:
    """Files of an unpacked image layer differ from the image, so containers run with altered, missing or extra files.

    What it looks at:
        With ``--deep``: each entry of each layer's content (a tar, compressed or not, verified by its digest), compared with
        ``snapshots/NUMBER/fs``: bytes, mode, owner, type, extended attributes, links, whiteouts, opaque marks, and names that
        are not in the layer. Times are not compared. Layers whose content is corrupt can't be compared.

    Why it matters:
        Nothing else notices: containers start and use these files, and ``docker save`` writes the right content. Possible
        causes are a failing disk, a copy without attributes, and an attacker.

    How it is fixed:
        The layer is unpacked again from its content: entries that differ are rewritten, extra entries are moved to quarantine.
        Writable layers of containers are not changed.

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
                message=f"{count} {'entry' if count == 1 else 'entries'} of a layer of {images or 'an image'} {'differs' if count == 1 else 'differ'} "
                "from the image: its containers run with altered files",
                evidence=(*_evidence(top, look), Evidence("images with this layer", images or "none")),
                detail=OfFile(path=top),
            )


def _evidence(top: HostPath, look: SnapshotLook) -> Iterator[Evidence]:
    lines = [(one.name, one.why) for one in look.altered]
    lines += [(one.name, one.why) for one in look.lost]
    lines += [(name, "not in the layer") for name in look.extra]
    for name, why in lines[:20]:
        yield Evidence(join(top, visible(name.decode("utf-8", "surrogateescape"))), visible(why))
    more = look.altered_count + len(look.lost) + look.extra_count - min(len(lines), 20)
    if more:
        yield Evidence("and more entries", str(more))
