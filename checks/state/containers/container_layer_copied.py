"""A container's writable layer was copied without its attributes."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.headers import CopiedRoot


@check(severity=Severity.WARNING, ok="no writable layer shows that it was copied without owners, modes and marks")
def container_layer_copied(copied: CopiedRoot, graph: LayerGraph) -> Iterator[Finding]:
    """A container's writable layer was copied without times or marks, so its owners, modes and deletions may be lost too.

    What it looks at:
        The times of ``link``, ``lower`` and the mount record of a container whose layer holds something: the engine writes them
        once, when it creates the container, and a copy without times gives them its own. And the mark (``origin`` or
        ``opaque``) that overlayfs gives each directory that a lower layer has too. A mount that uses the directory
        writes a lost ``origin`` again, so the second trace fades; the first one stays.

    Why it matters:
        ``cp -r`` gives all files to root and drops set-uid bits, ``rsync`` without ``-X`` drops the marks of directories that
        were emptied: files deleted in the container are back, its program can't read or write its own files. No record says what was lost.

    How it is fixed:
        By a person: a repair of image layers leaves it as it is. Save what the container wrote, and recreate it from its image;
        its volumes are not concerned. Where the content is right as it is, waive the finding in doctor.toml.

    References:
        https://docs.kernel.org/filesystems/overlayfs.html
        https://docs.docker.com/reference/cli/docker/container/diff/
    """
    for identity, trace in sorted(copied.containers.items()):
        title = graph.container_title(identity)
        record = graph.layers.mounts[identity]
        yield Finding(
            subject=Subject("container", title),
            message=f"the writable layer of {title} was copied without its attributes: its owners and modes may be wrong and"
            " files deleted in it may be back, and no record says which",
            evidence=(Evidence(graph.layers.directory_path(str(record.mount_id), "diff"), trace),),
        )
