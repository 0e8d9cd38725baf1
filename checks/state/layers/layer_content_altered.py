"""A file of an image's layer has another content."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLayer
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.model.text import visible


@check(severity=Severity.ERROR, detail=OfLayer, deep=True, ok="the content of each layer has the layer's digest")
def layer_content_altered(graph: LayerGraph, content: LayerContent) -> Iterator[Finding]:
    """Files of an image's layer are not what they were, so containers run with altered or missing files.

    What it looks at:
        With ``--deep``: all files of ``overlay2/DIRECTORY/diff`` of each layer that a sound image has. Put together as the
        layer's tar-split says, they must hash to the layer's digest, which stands in the image's config. Where they don't,
        the checksums in tar-split name the files.

    Why it matters:
        Nothing else notices: containers start and use the altered file. ``docker save`` and ``docker push`` end with "file
        integrity checksum failed". A failing disk does this, and so does somebody who hides.

    How it is fixed:
        Where another layer has the right files at the same places, they are copied: their checksums and then the digest of
        the whole layer must agree. Everything else needs the image again, pulled or loaded after ``docker rmi``. The list is
        never changed to fit the files.

    References:
        https://github.com/vbatts/tar-split
        https://github.com/opencontainers/image-spec/blob/main/config.md
    """
    for chain, found in content.looks.items():
        if not found.altered:
            continue
        count = found.altered_count
        files = "a file" if count == 1 else f"{count} files"
        top = graph.layers.directory_path(found.directory, "diff")
        evidence = [
            Evidence(f"{top}/{visible(one.name.decode('utf-8', 'surrogateescape'))}", one.why)
            for one in found.altered[:20]
        ]
        if found.unexamined:
            evidence.append(Evidence("files not compared one by one", str(found.unexamined)))
        evidence.append(
            Evidence("images that have them", ", ".join(graph.image_titles(graph.expected[chain].images)[:6]))
        )
        yield Finding(
            subject=Subject("layer", chain[:12]),
            message=f"containers run with altered content: {files} of {graph.title(chain)} {'is' if count == 1 else 'are'} not "
            "what the image has",
            evidence=tuple(evidence),
            detail=OfLayer(chain=chain),
        )
