"""A file in an image layer has different content."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLayer
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.model.text import plural, visible


@check(severity=Severity.ERROR, detail=OfLayer, deep=True, ok="the content of each layer has the layer's digest")
def layer_content_altered(graph: LayerGraph, content: LayerContent) -> Iterator[Finding]:
    """Files of an image layer are altered or missing, so containers run with wrong content.

    What it looks at:
        With ``--deep``: all files of ``overlay2/DIRECTORY/diff`` of each layer of an image with a valid config. Reassembled
        with the layer's tar-split, they must hash to the layer's digest in the image's config. If they don't, the checksums in
        the tar-split show which files differ.

    Why it matters:
        Nothing else notices: containers start and use the altered file. ``docker save`` and ``docker push`` fail with "file
        integrity checksum failed". Possible causes are a failing disk and an attacker.

    How it is fixed:
        If another layer has the right content at the same paths, it is copied: each checksum and then the digest of the whole
        layer must match. Otherwise the image must be pulled or loaded again after ``docker rmi``. The tar-split is never
        changed to match the files.

    References:
        https://github.com/vbatts/tar-split
        https://github.com/opencontainers/image-spec/blob/main/config.md
    """
    for chain, found in content.looks.items():
        if not found.altered:
            continue
        count = found.altered_count
        files = plural(count, "file")
        top = graph.layers.diff_path(found.directory)
        evidence = [
            Evidence(f"{top}/{visible(one.name.decode('utf-8', 'surrogateescape'))}", one.why)
            for one in found.altered[:20]
        ]
        if found.unexamined:
            evidence.append(Evidence("files not compared individually", str(found.unexamined)))
        evidence.append(
            Evidence("images with this layer", ", ".join(graph.image_titles(graph.expected[chain].images)[:6]))
        )
        yield Finding(
            subject=Subject("layer", chain[:12]),
            message=f"{files} in {graph.title(chain)} {'differs' if count == 1 else 'differ'} from the image: its containers run with "
            "altered content",
            evidence=tuple(evidence),
            detail=OfLayer(chain=chain),
        )
