"""Executes several puts at once, so that they share the syncs of the disk.

A corrupt data root may need hundreds of puts of a few bytes, and each one waits for three syncs: of its journal entry, its
content, its name. Here each of these is done for all puts before the next. A crash has the same result as with single puts:
each path has the old or the new node, and the journal has the intent of all.
"""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress

from doctor.model.step import File, Put, Step, Symlink
from doctor.repair.steps.inplace import is_fixed
from doctor.repair.steps.nodes import Tree, set_meta

MOST = 64
"""Limit of steps: as many descriptors of directories and files are open at once."""
_MOST_BYTES = 1 << 20


def group(steps: Sequence[Step | None]) -> tuple[Put, ...]:
    """Return the first ones of ``steps`` that can be executed together; fewer than two if they must be executed one by one.

    These are small files and links at independent paths: none is replaced twice or is below another, and none is a hard link.
    So the state before the first one is also the state before each one. ``None`` ends a group.
    """
    found: dict[str, Put] = {}
    above: set[str] = set()
    size = 0
    for step in steps[:MOST]:
        if not isinstance(step, Put) or (step.meta is not None and step.meta.flags):
            break
        if isinstance(step.node, File) and not step.node.blob:
            size += len(step.node.content)
        elif not isinstance(step.node, Symlink):
            break
        parents = tuple(_parents(step.path))
        if size > _MOST_BYTES or step.path in found or step.path in above or not found.keys().isdisjoint(parents):
            break
        found[step.path] = step
        above.update(parents)
    return tuple(found.values())


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


class _Draft:
    """A node under its temporary name in the directory of its path, with a file's descriptor for syncing."""

    def __init__(self, directory: int, temporary: str, name: str) -> None:
        self.directory = directory
        self.temporary = temporary
        self.name = name
        self.file: int | None = None


def put(tree: Tree, steps: Mapping[int, Put]) -> None:
    """Execute a ``group``, given by step numbers: each atomically, all durable at the end. Raises ``OSError``."""
    with ExitStack() as stack:
        directories: dict[str, int] = {}
        drafts = []
        for number, step in steps.items():
            head, _, name = step.path.rpartition("/")
            if head not in directories:
                directories[head], _ = stack.enter_context(tree.parent(step.path))
            draft = _Draft(directories[head], tree.temporary(number), name)
            stack.callback(_forget, draft)
            drafts.append(draft)
            _make(tree, step, draft, stack)
        files = [draft.file for draft in drafts if draft.file is not None]
        _begin_writing(files)
        for descriptor in files:
            os.fsync(descriptor)
        for draft in drafts:
            os.rename(draft.temporary, draft.name, src_dir_fd=draft.directory, dst_dir_fd=draft.directory)
        for directory in directories.values():
            os.fsync(directory)


def _make(tree: Tree, step: Put, draft: _Draft, stack: ExitStack) -> None:
    """Create the node with all its attributes under its temporary name, without a sync."""
    found = tree.lstat(step.path)
    if found is not None and found.kind == "d":
        raise IsADirectoryError(f"can't replace a directory: {step.path}")
    if is_fixed(draft.directory, draft.name, found):
        raise OSError(errno.EBUSY, "it must be written in place", step.path)
    meta = step.meta if step.meta is not None else tree.inherited(step.path, found, step.node)
    _forget(draft)
    tree.make(draft.directory, draft.temporary, step.node, is_synced=False)
    set_meta(draft.directory, draft.temporary, meta, symlink=isinstance(step.node, Symlink))
    if isinstance(step.node, File):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        draft.file = os.open(draft.temporary, flags, dir_fd=draft.directory)
        stack.callback(os.close, draft.file)


def _begin_writing(files: Sequence[int]) -> None:
    """Make the kernel begin to write all of them, which allocates their blocks.

    ext4 allocates late: with each file's fsync, each file would need a separate write of the file system's journal. This advice
    starts the writeback (mm/fadvise.c) without a guarantee; the syncs provide that.
    """
    for descriptor in files:
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _forget(draft: _Draft) -> None:
    with suppress(FileNotFoundError):
        os.unlink(draft.temporary, dir_fd=draft.directory)
