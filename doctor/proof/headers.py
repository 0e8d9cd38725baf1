"""Compares a layer's tar headers with its directory, without contents, up to a number of entries."""

import stat as st
from collections.abc import Iterable

from doctor.facts.layers.content import LostEntry
from doctor.facts.layers.headers import HeaderLook
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.proof.compare_headers import HeaderComparer, plain
from doctor.proof.layer import Task, split_parts
from doctor.proof.tar.tar_header import BLOCK, Header, parse_headers
from doctor.proof.tree import ProofTree, Status, open_tree

_HEAD_BYTES = 4 << 20


def compare_all(host: Host, tasks: Iterable[Task], most: int) -> tuple[dict[str, HeaderLook], int]:
    """Return results for layers in the given order until ``most`` entries were compared, and how many layers are
    left.
    """
    looks: dict[str, HeaderLook] = {}
    left = 0
    for task in tasks:
        if most <= 0:
            left += 1
            continue
        look = compare_headers(host, task, most)
        looks[task.chain] = look
        most -= look.entries
        left += not look.is_whole
    return looks, left


def compare_headers(host: Host, task: Task, most: int) -> HeaderLook:
    """Compare a layer's first ``most`` headers with its directory."""
    try:
        tree = open_tree(host, task.top)
    except HostError as error:
        return HeaderLook(chain=task.chain, top=task.top, gap=error.missing.reason)
    try:
        return _HeaderLook(tree, task).run(host, most)
    except HostError as error:
        return HeaderLook(chain=task.chain, top=task.top, gap=error.missing.reason)
    except OSError as error:
        return HeaderLook(chain=task.chain, top=task.top, gap=f"{task.top}: {error.strerror or error}".lower())
    finally:
        tree.close()


class _Headers(HeaderComparer):
    """Compares without reading contents: for a broken hard link, only the size is compared."""

    def _digest(self, name: bytes, status: Status) -> bytes:
        del name, status
        return b""


class _HeaderLook:
    """The state of one comparison."""

    def __init__(self, tree: ProofTree, task: Task) -> None:
        self.tree = tree
        self.task = task
        self.compared = _Headers(tree, task.shift, is_built=len(task.directory) == 25)
        self.entries = self.files = self.fit = self.timely = self.oldest = 0

    def run(self, host: Host, most: int) -> HeaderLook:
        """Compare headers; a truncated tar-split is ignored: other checks report it."""
        try:
            is_whole = self._take(host, most)
        except FormatError:
            return HeaderLook(chain=self.task.chain, top=self.task.top)
        return HeaderLook(
            chain=self.task.chain,
            top=self.task.top,
            entries=self.entries,
            is_whole=is_whole,
            files=self.files,
            fit=self.fit,
            timely=self.timely,
            lost=tuple(self._lost()),
            oldest_ns=self.oldest,
        )

    def _lost(self) -> Iterable[LostEntry]:
        # A missing or replaced file is not a loss of attributes: --deep reports it.
        return (one for one in self.compared.lost.values() if one.exists or one.kind in {"hardlink", "char"})

    def _take(self, host: Host, most: int) -> bool:
        head: list[bytes] = []
        gathered = skip = 0
        for part in split_parts(host, self.task.split):
            if part.raw is not None:
                head.append(part.raw)
                gathered += len(part.raw)
                if gathered > _HEAD_BYTES:
                    raise FormatError("a header without an end")
                continue
            if self.entries >= most:
                return False
            # The padding of the previous file precedes the next header.
            self._entry(part.name, part.size, (head[0] if len(head) == 1 else b"".join(head))[skip:])
            head.clear()
            gathered, skip = 0, -part.size % BLOCK
        return True

    def _entry(self, raw_name: bytes, size: int, block: bytes) -> None:
        self.entries += 1
        name, header = plain(raw_name), parse_headers(block)
        if name is None or header is None:
            return
        self.compared.take(name, header)
        if header.kind == "file" and size and header.removed is None:
            self._file(name, header, size)

    def _file(self, name: bytes, header: Header, size: int) -> None:
        self.files += 1
        status = self.tree.lstat(name)
        if status is None or not st.S_ISREG(status.st_mode) or status.st_size != size:
            return
        self.fit += 1
        self.timely += status.st_mtime_ns // 1_000_000_000 == header.mtime_ns // 1_000_000_000
        self.oldest = min(self.oldest or status.st_mtime_ns, status.st_mtime_ns)
