"""Reads the superblock of the devicemapper driver's loopback pool: 4 KiB, on the few hosts that have one."""

import os

from doctor.facts.engine.data_root import DataRoot
from doctor.facts.storage.thin_pool import ThinPool
from doctor.formats.json_safe import load_object
from doctor.formats.storage.thin_metadata import BLOCK_BYTES, problem_of
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join, parent

_DATA_BLOCK = 64 << 10
"""moby daemon/graphdriver/devmapper/deviceset.go at v24: 128 sectors unless dm.blocksize is set."""
_BLOCK = HostPath("/sys/block")
_TRANSACTION = "transaction-metadata"
_TRIES = 2
"""An active pool may write the block while it is read."""


@collector
def thin_pool(host: Host, root: DataRoot) -> ThinPool:
    """Return the pool; absent if the driver never created one of files."""
    if not root.has("devicemapper"):
        raise HostError(Missing(Why.ABSENT, f"{root.resolved}/devicemapper: no such directory"))
    top = root.at("devicemapper", "devicemapper")
    metadata, data = join(top, "metadata"), join(top, "data")
    if not host.exists(data) and not host.exists(metadata):
        return _gone(host, root, metadata, data)
    try:
        size = host.lstat(data, follow=False).size
    except HostError:
        size = 0
    problem = ""
    for _ in range(_TRIES):
        problem = _problem(host, metadata)
        if not problem:
            break
    if not problem and not size:
        problem = "its data file is missing or empty"
    return ThinPool(
        metadata=metadata,
        data=data,
        problem=problem,
        data_blocks=size // _DATA_BLOCK,
        transaction=_transaction(host, root.at("devicemapper", f"metadata/{_TRANSACTION}")),
    )


def _gone(host: Host, root: DataRoot, metadata: HostPath, data: HostPath) -> ThinPool:
    """Return a pool whose files were deleted: the driver creates their directory only for a pool of files, not of devices."""
    top = parent(metadata)
    try:
        host.listdir(top)
        devices = set(host.listdir(root.at("devicemapper", "metadata"))) - {_TRANSACTION, "deviceset-metadata"}
    except HostError as error:
        raise HostError(Missing(error.missing.why, f"{top}: the pool is not a file")) from error
    if not devices:
        raise HostError(Missing(Why.ABSENT, f"{top}: the pool has no device yet"))
    held = {}
    for name in _loops(host):
        try:
            backing = host.read(join(_BLOCK, name, "loop/backing_file"), limit_bytes=1 << 16).decode("utf-8", "replace")
        except HostError:
            continue
        path = backing.strip().removesuffix(" (deleted)")
        if path in {metadata, data}:
            held[path] = f"/dev/{name}"
    return ThinPool(metadata=metadata, data=data, problem="both of its files are missing", is_gone=True, held=held)


def _loops(host: Host) -> list[str]:
    try:
        return [name for name in host.listdir(_BLOCK) if name.startswith("loop")]
    except HostError:
        return []


def _problem(host: Host, path: HostPath) -> str:
    try:
        descriptor = host.open_fd(path)
    except HostError as error:
        if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
            raise
        return error.missing.reason.removeprefix(f"{path}: ")
    try:
        block = os.read(descriptor, BLOCK_BYTES)
    except OSError as error:
        return str(error.strerror)
    finally:
        os.close(descriptor)
    problem = problem_of(block)
    return f"its {problem}" if problem else ""


def _transaction(host: Host, path: HostPath) -> int:
    try:
        value = load_object(host.read(path, follow=False, limit_bytes=1 << 16)).get("open_transaction_id")
    except (HostError, FormatError):
        return -1
    return value if isinstance(value, int) else -1
