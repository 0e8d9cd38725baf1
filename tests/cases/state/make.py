"""Writes the cases of damaged state: ``python -m tests.cases.state.make``. The same code writes the same bytes.

A healthy tiny root stands once beneath ``_base``, in parts; each case names the parts it starts from and holds only what is
different in it. The folders are checked in, so a case can be read; a test fails when they differ from what this writes.
"""

import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.cases.state import (
    backups,
    containerd,
    containers,
    databases,
    deep,
    engine,
    ground,
    images,
    layers,
    leftovers,
    mounts,
    overlay2,
    tags,
)
from tests.cases.state.recipe import Recipe
from tests.cases.state.roots import PARTS, Content, build

HERE = Path(__file__).parent
RECIPES: tuple[Recipe, ...] = (
    *images.RECIPES,
    *layers.RECIPES,
    *overlay2.RECIPES,
    *mounts.RECIPES,
    *leftovers.RECIPES,
    *deep.RECIPES,
    *containers.RECIPES,
    *databases.RECIPES,
    *containerd.RECIPES,
    *engine.RECIPES,
    *backups.RECIPES,
    *ground.RECIPES,
    *tags.RECIPES,
)


def write_all(top: Path) -> None:
    """Write the parts of the healthy root and every case beneath a directory."""
    for part in PARTS:
        _write_tree(top / "_base" / part, build(part).entries)
    for recipe in RECIPES:
        folder = top / recipe.problem / recipe.name
        folder.mkdir(parents=True)
        before, after = build(*recipe.parts).entries, recipe.tree().entries
        _write_tree(
            folder / "host", {name: content for name, content in after.items() if before.get(name, 0) != content}
        )
        parents = {parent for name in after for parent in _parents(name)}
        gone = {name for name in before if name not in parents and _is_other_kind(before[name], after.get(name, 0))}
        absent = tuple(_tops(gone, after.keys() - gone))
        (folder / "case.toml").write_text(recipe.toml(absent), encoding="utf-8")
        if recipe.answers:
            (folder / "answers.toml").write_text(recipe.answers, encoding="utf-8")
        for path, content in recipe.after.items():
            target = folder / "expected/after" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _is_other_kind(before: Content, after: Content | int) -> bool:
    """Whether a path can't just be written over."""
    return before != after and not (isinstance(before, bytes) and isinstance(after, bytes))


def _tops(removed: Iterable[str], left: Iterable[str]) -> list[str]:
    """The highest paths that are gone with everything beneath them."""
    kept = {parent for name in left for parent in _parents(name)}
    return sorted({next(one for one in [*_parents(name), name] if one not in kept) for name in removed})


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _write_tree(top: Path, entries: Mapping[str, Content]) -> None:
    for name, content in entries.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir(exist_ok=True)
            (path / ".gitkeep").touch()
        elif isinstance(content, tuple):
            path.symlink_to(content[1])
        else:
            path.write_bytes(content)


def main() -> None:
    """Replace the checked-in cases."""
    for folder in HERE.iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            shutil.rmtree(folder)
    write_all(HERE)
    sys.stdout.write(f"{len(RECIPES)} cases\n")


if __name__ == "__main__":
    main()
