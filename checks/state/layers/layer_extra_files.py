"""A layer directory has files that are not in the layer."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.model.text import plural, visible


@check(severity=Severity.WARNING, deep=True, ok="no layer has files that are not in its tar")
def layer_extra_files(graph: LayerGraph, content: LayerContent) -> Iterator[Finding]:
    """A layer directory has files that are not in the image, so containers see files that were never built into it.

    What it looks at:
        With ``--deep``: each name in ``overlay2/DIRECTORY/diff`` of each layer of an image with a valid config is compared with
        the names in the layer's tar-split. Parent directories of listed entries are allowed, and so are sockets, which a tar
        can't hold.

    Why it matters:
        Only the engine writes into a layer, and only once. Extra files may come from an interrupted repair, a tool that mounted
        the layer writable, or an attacker. ``docker save`` omits these files, so two hosts run different files under the same
        image ID.

    How it is fixed:
        Manually: find out who wrote the files, then move them away or pull the image again.

    References:
        https://github.com/vbatts/tar-split
    """
    for chain, found in content.looks.items():
        if not found.extra:
            continue
        count = found.extra_count
        top = graph.layers.diff_path(found.directory)
        evidence = [
            Evidence(f"{top}/{visible(name.decode('utf-8', 'surrogateescape'))}", "not in the layer's tar-split")
            for name in found.extra[:20]
        ]
        if count > 20:
            evidence.append(Evidence("and more", str(count - 20)))
        yield Finding(
            subject=Subject("layer", chain[:12]),
            message=f"{graph.title(chain)} has {plural(count, 'extra file')}: containers see files that are not in the image",
            evidence=tuple(evidence),
        )
