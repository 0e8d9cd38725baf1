"""A container's writable layer was copied without its attributes."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.headers import CopiedRoot


@check(severity=Severity.WARNING, ok="no writable layer has traces of a copy without owners, modes and marks")
def container_layer_copied(copied: CopiedRoot, graph: LayerGraph) -> Iterator[Finding]:
    """A container's writable layer was copied without times or marks, so its owners, modes and deletions may be lost.

    What it looks at:
        First, the times of ``link``, ``lower`` and the mount record of each container whose writable layer has entries: the
        engine writes them once, when it creates the container, and a copy without times has later ones. Second, the mark
        (``origin`` or ``opaque``) that overlayfs sets on each directory that also exists in a lower layer. A mount restores a
        lost ``origin`` when the directory is used, so the second trace disappears; the first remains.

    Why it matters:
        ``cp -r`` gives all files to root and drops set-uid bits; ``rsync`` without ``-X`` drops the marks of emptied
        directories. Files deleted in the container are back, and its program can't read or write its own files. No record shows
        which entries are wrong.

    How it is fixed:
        Manually: a repair of image layers does not change it. Save the files that the container wrote, and recreate it from its
        image; its volumes are not affected. If the content is right as it is, waive the finding in doctor.toml.

    References:
        https://docs.kernel.org/filesystems/overlayfs.html
        https://docs.docker.com/reference/cli/docker/container/diff/
    """
    for identity, trace in sorted(copied.containers.items()):
        title = graph.container_title(identity)
        record = graph.layers.mounts[identity]
        yield Finding(
            subject=Subject("container", title),
            message=f"the writable layer of container {title} was copied without its attributes: owners and modes may be wrong, and"
            " deleted files may be back; no record shows which",
            evidence=(Evidence(graph.layers.diff_path(str(record.mount_id)), trace),),
        )
