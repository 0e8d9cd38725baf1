"""The image store of a storage driver: configs, named by their digest, and tags."""

import re
from functools import cached_property

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.model.missing import Missing
from doctor.model.paths import HostPath, join

# Only the characters of a reference (distribution/reference): a text of escaped quotes must not take hours.
_PAIR = r'(?a)"([\w.:/@+-]{1,512})"\s*:\s*"(sha256:[0-9a-f]{64})"'
_HUB = ("docker.io/library/", "index.docker.io/library/", "docker.io/", "index.docker.io/")


class ImageConfig(Struct, frozen=True, kw_only=True):
    """One file of ``imagedb/content/sha256``; its name is the hash of its content.

    Attributes:
        id: 64 hex digits.
        problem: why it can't be used ("its hash is 4f2a…", "it is empty"), "" for a valid one.
        size_bytes: size of the file.
        diff_ids: diff IDs of its layers, lowest first; empty if the file is corrupt.
        chain: chain IDs of its layers without "sha256:", lowest first.
    """

    id: str
    problem: str = ""
    size_bytes: int = 0
    diff_ids: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether its content has the digest in its name and describes an image."""
        return not self.problem

    @property
    def top(self) -> str:
        """The chain ID of its last layer, "" for an image without layers."""
        return self.chain[-1] if self.chain else ""


class Tags(Struct, frozen=True, kw_only=True):
    """``repositories.json``: the image of each name.

    Attributes:
        path: the file.
        status: ``ok``, ``missing`` or ``corrupt``.
        problem: the problem of a corrupt one.
        entries: reference ("app:latest", "app@sha256:…") → image digest; of a corrupt file, the complete entries.
        content: the bytes of a readable file.
        siblings: entries of readable ``.tmp-repositories.json*`` files that a crash left, the newest last.
    """

    path: HostPath
    status: str
    problem: str = ""
    entries: dict[str, str]
    content: bytes = b""
    siblings: tuple[dict[str, str], ...] = ()


class Images(Struct, frozen=True, kw_only=True, dict=True):
    """The image store of overlay2 (``image/overlay2``).

    Attributes:
        top: the store's directory.
        configs: by id.
        strays: names in ``imagedb/content/sha256`` that can't be image configs.
        described: ids with a directory in ``imagedb/metadata``: an image with that id existed.
        parents: id → the content of its ``parent`` file, which names the image it was built from.
        tags: the names.
        gaps: what could not be examined.
    """

    top: HostPath
    configs: dict[str, ImageConfig]
    strays: tuple[str, ...] = ()
    described: frozenset[str] = frozenset()
    parents: dict[str, str] = {}
    tags: Tags
    gaps: tuple[Missing, ...] = ()

    def path_of(self, identity: str) -> HostPath:
        """Return the path of an image's config, whether it exists or not."""
        return join(self.top, docker.IMAGE_CONFIGS, identity)

    def metadata_path(self, identity: str, file: str = "") -> HostPath:
        """Return the directory with an image's metadata, or a file in it."""
        path = join(self.top, docker.IMAGE_METADATA, identity)
        return join(path, file) if file else path

    def config(self, digest: str) -> ImageConfig | None:
        """Return the valid config of a digest ("sha256:…" or bare), ``None`` if it is corrupt or missing."""
        found = self.configs.get(digest.removeprefix("sha256:"))
        return found if found is not None and found.is_sound else None

    def sound(self) -> tuple[ImageConfig, ...]:
        """Return the usable images, by id."""
        return tuple(config for config in self.configs.values() if config.is_sound)

    def without_parent(self) -> frozenset[str]:
        """Return the ids of valid images whose ``parent`` exists and does not name an image."""
        return frozenset(
            config.id
            for config in self.sound()
            if config.id in self.parents and self.parents[config.id].removeprefix("sha256:") not in self.configs
        )

    def names_of(self, identity: str) -> tuple[str, ...]:
        """Return the references to an image id, sorted."""
        return self._names.get(f"sha256:{identity}", ())

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        # Called for each image: a search would make a scan quadratic.
        found: dict[str, list[str]] = {}
        for reference, digest in sorted(self.tags.entries.items()):
            found.setdefault(digest, []).append(reference)
        return {digest: tuple(names) for digest, names in found.items()}

    def title(self, identity: str) -> str:
        """Return the first reference of the image, else its short id."""
        names = self.names_of(identity)
        return names[0] if names else identity[:12]


def familiar(reference: str) -> str:
    """Return a reference as the key in repositories.json: without Docker Hub's prefix, with ``:latest`` if it has no tag.

    Returns "" for a text that is not stored as a reference (an image id). Source: distribution/reference, FamiliarString.

    >>> familiar("docker.io/library/app"), familiar("localhost:5000/app:1")
    ('app:latest', 'localhost:5000/app:1')
    """
    name = reference
    for prefix in _HUB:
        if name.startswith(prefix):
            name = name.removeprefix(prefix)
            break
    if not name or name.startswith("sha256:") or (len(name) >= 12 and set(name) <= set("0123456789abcdef")):
        return ""
    if "@" in name or ":" in name.rpartition("/")[2]:
        return name
    return f"{name}:latest"


def repository_of(reference: str) -> str:
    """Return the repository of a reference in repositories.json: its name without tag and digest.

    >>> repository_of("localhost:5000/app:1"), repository_of("app@sha256:00")
    ('localhost:5000/app', 'app')
    """
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def salvage_tags(text: str) -> dict[str, str]:
    """Return the complete references in a corrupt repositories.json.

    >>> digest = "sha256:" + "0" * 64
    >>> list(salvage_tags('{"Repositories":{"a":{"a:1":"' + digest + '","a:2":"sha256:00'))
    ['a:1']
    """
    import json  # noqa: PLC0415 - only for a corrupt file

    found = {}
    for key, digest in re.findall(_PAIR, text):
        try:
            reference = json.loads(f'"{key}"')
        except ValueError:
            continue
        if ":" in reference.rpartition("/")[2] and reference.isprintable():
            found[reference] = digest
    return found


def tags_content(entries: dict[str, str]) -> bytes:
    """Return a repositories.json with these references, in dockerd's format: keys sorted, no blanks."""
    import json  # noqa: PLC0415 - only for a repair

    repositories: dict[str, dict[str, str]] = {}
    for reference in sorted(entries):
        repositories.setdefault(repository_of(reference), {})[reference] = entries[reference]
    document = {"Repositories": dict(sorted(repositories.items()))}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
