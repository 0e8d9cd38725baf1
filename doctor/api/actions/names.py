"""Questions about image names that several sources assign to different images."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import EditFile
from doctor.facts.containers.containers import Containers
from doctor.facts.images.images import Images, familiar, tags_content
from doctor.formats.json_safe import load_first
from doctor.model.action import Stage
from doctor.model.errors import FormatError
from doctor.model.finding import Evidence
from doctor.model.paths import HostPath
from doctor.rebuild.images.tag_sources import RecoveredTags


class NameImage(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: add a name of an image to repositories.json; a new or empty file then has only this name.

    Attributes:
        reference: "app:latest".
        digest: digest of the image's config.
    """

    reference: str
    digest: str

    def __call__(self, data: bytes) -> bytes:
        """Return the file with the name, in dockerd's format; raises ``FormatError`` if it is not a list of names."""
        document = load_first(data).value if data.strip() else None
        repositories = document.get("Repositories") if isinstance(document, dict) else {}
        if not isinstance(repositories, dict) or not all(isinstance(names, dict) for names in repositories.values()):
            raise FormatError("it is not a list of image names")
        entries = {reference: digest for names in repositories.values() for reference, digest in names.items()}
        if entries.get(self.reference) == self.digest:
            return data
        return tags_content({**entries, self.reference: self.digest})


def ask_names(path: HostPath, found: RecoveredTags, images: Images, containers: Containers) -> Iterator[Choose]:
    """Yield a question for each name that containers assign to different images that still exist."""
    for reference, digests in found.ambiguous.items():
        here = tuple(digest for digest in digests if images.config(digest) is not None)
        if not here:
            continue
        yield Choose(
            question=f"which image has the name {reference}",
            subject=reference,
            options=tuple(
                Choosable(
                    name=digest,
                    evidence=_evidence(reference, digest, images, containers),
                    actions=(
                        EditFile(
                            path=path,
                            edit=NameImage(reference=reference, digest=digest),
                            what=f"name image {digest.removeprefix('sha256:')[:12]} {reference}, as chosen",
                            create=True,
                            stage=Stage.TAGS,
                        ),
                    ),
                )
                for digest in here
            ),
        )


def _evidence(reference: str, digest: str, images: Images, containers: Containers) -> tuple[Evidence, ...]:
    """Return the containers created from the image with that name, newest first, and its other names."""
    made = sorted(
        (one for one in containers.items if one.image_id == digest and familiar(one.image) == reference),
        key=lambda one: one.created,
        reverse=True,
    )
    others = images.names_of(digest.removeprefix("sha256:"))
    return (
        *(
            Evidence(f"container {one.title}", f"created from it at {one.created[:19].replace('T', ' ')} UTC")
            for one in made
        ),
        *((Evidence("its other names", ", ".join(others)),) if others else ()),
    )
