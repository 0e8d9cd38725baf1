"""Computes the inverse of each step from its original: again steps."""

from doctor.model.step import (
    Attributes,
    Directory,
    HardLink,
    KernelValue,
    Move,
    Netlink,
    Put,
    Run,
    Signal,
    Step,
    Symlink,
)
from doctor.repair.runs.journal import Before


def inverse(step: Step, before: Before, *, is_done: bool = False) -> tuple[Step, ...]:
    """Return the steps that reverse ``step``, from its original.

    The reversal of a command that certainly ran (``is_done``) must not fail.
    """
    match step:
        case Put(path=path):
            if before.node is None:
                return (Move(path=path, may_fail=True),)
            if isinstance(before.node, Directory) and isinstance(step.node, Directory):
                return _attributes_back(path, before, with_flags=step.meta is not None and bool(step.meta.flags))
            return (Put(path=path, node=before.node, meta=before.meta, unlinks=isinstance(step.node, HardLink)),)
        case Move(path=path, to=to):
            back = (Move(path=before.moved_to, to=path, may_fail=True),)
            displaced = (Move(path=before.displaced, to=to, may_fail=True),) if before.displaced else ()
            return (*back, *displaced)
        case Attributes(path=path, xattrs=xattrs):
            return _attributes_back(path, before, tuple(xattrs), with_flags=step.flags is not None)
        case KernelValue(path=path):
            # In the original order: writing the first one also changes the others.
            names = (path, *(name for name in before.values if name != path))
            return tuple(
                KernelValue(path=name, value=before.values[name], may_fail=True)
                for name in names
                if name in before.values
            )
        case Run(undo=undo, undo_stdin=undo_stdin):
            return tuple(
                Run(argv=argv, stdin=undo_stdin[index] if index < len(undo_stdin) else b"", may_fail=not is_done)
                for index, argv in enumerate(undo)
            )
        case Signal(restart=restart) if restart is not None:
            return (restart,)
        case Netlink(undo=request, pid=pid, inode=inode) if request is not None:
            return (Netlink(do=request, pid=pid, inode=inode, may_fail=True),)
    return ()


def _attributes_back(path: str, before: Before, touched: tuple[str, ...] = (), *, with_flags: bool) -> tuple[Step, ...]:
    meta = before.meta
    if meta is None:
        return ()
    xattrs: dict[str, bytes | None] = dict.fromkeys(touched)
    xattrs.update(meta.xattrs)
    if isinstance(before.node, Symlink):
        return (Attributes(path=path, uid=meta.uid, gid=meta.gid, xattrs=xattrs, mtime_ns=meta.mtime_ns),)
    return (
        Attributes(
            path=path,
            mode=meta.mode,
            uid=meta.uid,
            gid=meta.gid,
            # A change of flags that the step did not set was made by others.
            flags=meta.flags if with_flags and before.node is not None else None,
            xattrs=xattrs,
            mtime_ns=meta.mtime_ns,
        ),
    )
