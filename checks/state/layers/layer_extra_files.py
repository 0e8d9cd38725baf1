"""A layer's directory holds what the layer doesn't."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.model.text import visible


@check(severity=Severity.WARNING, deep=True, ok="no layer holds files that are not in its tar")
def layer_extra_files(graph: LayerGraph, content: LayerContent) -> Iterator[Finding]:
    """A layer's directory holds files that are not in the image, so containers see what was never built into it.

    What it looks at:
        With ``--deep``: every name in ``overlay2/DIRECTORY/diff`` of each layer that a sound image has, against the names in
        the layer's tar-split. A directory above a named entry is none too many, nor is a socket, which no tar holds.

    Why it matters:
        Something wrote into a layer that only the engine writes, once: a half-done repair, a tool that mounted the layer
        writable, somebody who hides. ``docker save`` leaves these files out, so two hosts run different files under one
        image id.

    How it is fixed:
        By a person: look at the files and who wrote them, then move them away or pull the image again.

    References:
        https://github.com/vbatts/tar-split
    """
    for chain, found in content.looks.items():
        if not found.extra:
            continue
        count = found.extra_count
        top = graph.layers.directory_path(found.directory, "diff")
        evidence = [
            Evidence(f"{top}/{visible(name.decode('utf-8', 'surrogateescape'))}", "in no header of the layer")
            for name in found.extra[:20]
        ]
        if count > 20:
            evidence.append(Evidence("and more", str(count - 20)))
        yield Finding(
            subject=Subject("layer", chain[:12]),
            message=f"containers see what the image doesn't have: {count} {'file' if count == 1 else 'files'} too many in "
            f"{graph.title(chain)}",
            evidence=tuple(evidence),
        )
