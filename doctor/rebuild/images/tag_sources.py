"""Collects the remaining names of images when repositories.json is lost."""

from msgspec import Struct

from doctor.facts.backup.lists import KeptTags
from doctor.facts.containers.containers import Containers
from doctor.facts.images.images import Images, familiar
from doctor.model.missing import Missing


class RecoveredTags(Struct, frozen=True, kw_only=True):
    """The union of all sources; the better one wins.

    Attributes:
        entries: reference → digest.
        kept: references that only the metadata backup has; ``age`` is its age.
        inferred: references known only from containers: the name an image had when the container was made.
        ambiguous: reference → digests, for references that containers give to different images: left out.
        unnamed: ids of intact images that have no reference and are not another image's parent.
    """

    entries: dict[str, str]
    kept: tuple[str, ...] = ()
    age: str = ""
    inferred: tuple[str, ...]
    ambiguous: dict[str, tuple[str, ...]]
    unnamed: tuple[str, ...]

    @property
    def origin(self) -> str:
        """Sources of names missing in the host's own list, for the end of a sentence; "" for none."""
        kept = f"{len(self.kept)} from the backup {self.age}" if self.kept else ""
        inferred = f"{len(self.inferred)} from the settings of containers" if self.inferred else ""
        parts = ", ".join(filter(None, (kept, inferred)))
        return f" ({parts})" if parts else ""


def recover_tags(images: Images, containers: Containers, kept: KeptTags | Missing | None = None) -> RecoveredTags:
    """Return every reference that some source still has.

    Sources, best first: complete temporary files beside it (dockerd writes those and renames), the complete entries in the
    damaged text, the metadata backup, and the reference each container was made from. The digest of a damaged or
    missing image is kept: the image may be restored, its name could not be.
    """
    entries: dict[str, str] = {}
    for source in (*reversed(images.tags.siblings), images.tags.entries):
        for reference, digest in source.items():
            entries.setdefault(reference, digest)
    backed_up = kept.entries if isinstance(kept, KeptTags) else {}
    from_backup = tuple(sorted(backed_up.keys() - entries.keys()))
    entries = {**backed_up, **entries}
    said: dict[str, set[str]] = {}
    for container in containers.items:
        reference = familiar(container.image)
        if reference and container.image_id.startswith("sha256:"):
            said.setdefault(reference, set()).add(container.image_id)
    inferred = {ref: digests for ref, digests in said.items() if ref not in entries}
    agreed = {ref: next(iter(digests)) for ref, digests in inferred.items() if len(digests) == 1}
    entries.update(agreed)
    named = {digest.removeprefix("sha256:") for digest in entries.values()}
    return RecoveredTags(
        entries=entries,
        kept=from_backup,
        age=kept.age if isinstance(kept, KeptTags) else "",
        inferred=tuple(sorted(agreed)),
        ambiguous={ref: tuple(sorted(digests)) for ref, digests in sorted(inferred.items()) if ref not in agreed},
        unnamed=tuple(
            config.id for config in images.sound() if config.id not in named and not _is_parent(config.id, images)
        ),
    )


def _is_parent(identity: str, images: Images) -> bool:
    """Whether another image's layers start with all of this one's: it is a build step, which never had a name."""
    mine = images.configs[identity].chain
    return any(
        len(other.chain) > len(mine) and other.chain[: len(mine)] == mine
        for other in images.sound()
        if other.id != identity
    )
