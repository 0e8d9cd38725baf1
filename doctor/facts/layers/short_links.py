"""Derives names of short links and contents of ``lower`` files from each other, for ``LayerGraph``."""

import base64
import hashlib
import re
from collections import Counter

from doctor.facts.layers.records import LayerDirectory, Layers

_LINK_NAME = re.compile(r"[A-Z2-7]{26}")


def derived_name(directory: str) -> str:
    """Return a link name for a directory without any copy of its own: any valid name works, always the same one."""
    return base64.b32encode(hashlib.sha256(directory.encode("utf-8", "surrogateescape")).digest()).decode()[:26]


def owners(layers: Layers) -> dict[str, str]:
    """Return link name → directory, if link and directory agree, or only one of them has the name."""
    known: dict[str, str] = {}
    for name, target in layers.links.items():
        directory = target.removeprefix("../").removesuffix("/diff")
        if target == f"../{directory}/diff" and directory in layers.directories and _LINK_NAME.fullmatch(name):
            known[name] = directory
    for directory, found in layers.directories.items():
        if found.link is not None and _LINK_NAME.fullmatch(found.link):
            known.setdefault(found.link, directory)
    return known


def paths(parents: dict[str, str]) -> dict[str, tuple[str, ...] | None]:
    """Return directory → its ancestors, nearest first; ``None`` if one is unknown or there is a loop."""
    known: dict[str, tuple[str, ...] | None] = {"": ()}
    for start in parents:
        trail: list[str] = []
        here = start
        while here not in known and here in parents and here not in trail:
            trail.append(here)
            here = parents[here]
        # An unknown parent, or a loop: nothing above it is known either.
        below = known.get(here)
        known.setdefault(here, None)
        for directory in reversed(trail):
            parent = parents[directory]
            below = None if below is None else ((parent, *below) if parent else ())
            known[directory] = below
    del known[""]
    return known


def decide_names(layers: Layers, ancestry: dict[str, tuple[str, ...] | None]) -> dict[str, str]:
    """Return directory → link name: from its ``link`` file if ``l/`` agrees, else from most of the other copies."""
    decided = {
        identity: found.link
        for identity, found in layers.directories.items()
        if found.link and layers.links.get(found.link) == f"../{identity}/diff" and _LINK_NAME.fullmatch(found.link)
    }
    doubtful = [identity for identity in layers.directories if identity not in decided]
    if not doubtful:
        return decided
    votes = _votes(layers, ancestry, frozenset(doubtful))
    taken = set(decided.values())
    ranked = sorted(doubtful, key=lambda identity: (-max(votes[identity].values(), default=0), identity))
    for identity in ranked:
        options = [name for name, _ in votes[identity].most_common() if name not in taken]
        decided[identity] = options[0] if options else derived_name(identity)
        taken.add(decided[identity])
    return decided


def _votes(
    layers: Layers, ancestry: dict[str, tuple[str, ...] | None], doubtful: frozenset[str]
) -> dict[str, Counter[str]]:
    votes: dict[str, Counter[str]] = {identity: Counter() for identity in doubtful}
    for identity, found in layers.directories.items():
        above = ancestry.get(identity)
        if above and found.lower and len(above) == len(found.lower):
            for directory, name in zip(above, found.lower, strict=True):
                if directory in votes and _LINK_NAME.fullmatch(name):
                    votes[directory][name] += 3
    for name, target in layers.links.items():
        directory = target.removeprefix("../").removesuffix("/diff")
        if directory in votes and _LINK_NAME.fullmatch(name):
            votes[directory][name] += 2
    for identity in doubtful:
        link = layers.directories[identity].link
        if link and _LINK_NAME.fullmatch(link):
            votes[identity][link] += 2
    return votes


def parent_by_lower(found: LayerDirectory, known: dict[str, str]) -> str | None:
    """Return the parent that a directory's own ``lower`` names; "" for none, ``None`` if unknown."""
    if found.lower is None:
        return ""
    return known.get(found.lower[0]) if found.lower else None
