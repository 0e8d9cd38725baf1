"""A record in the network database is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.network.flaws import NetworkFlaws


@check(severity=Severity.WARNING, detail=OfFile, ok="each record in the network database is valid")
def network_record_corrupt(flaws: NetworkFlaws) -> Iterator[Finding]:
    """A record in a valid network database is corrupt: the engine does not start, or uses wrong network settings.

    What it looks at:
        Each record in ``network/files/local-kv.db`` (networks, endpoints, sandboxes, and those of the bridge, macvlan and
        ipvlan drivers), decoded as dockerd does: JSON, required keys, types, addresses and IDs. Then values that several
        records and the containers' files share (IDs, names, addresses), if one differs from the others in one bit; and the
        metadata backup, if its record has the same index and differs in one bit.

    Why it matters:
        Bolt has no checksum for its pages: only the reader of a record can notice a flipped bit in it. dockerd fails with
        "failed to get bridge endpoints from store: invalid character …", panics, or starts with a network of another name.

    How it is fixed:
        The bit is flipped back if only one bit explains the record. Otherwise the record is written from other records, the
        backup or the containers' files. An endpoint record without such a source is dropped: the engine creates it at each
        start of a container. A copy of the file is kept.

    References:
        https://github.com/moby/moby/blob/v26.1.5/libnetwork/drivers/bridge/bridge_store.go
        https://github.com/moby/moby/blob/v26.1.5/libnetwork/network.go
    """
    if not flaws.flawed:
        return
    refused = flaws.refused
    first = (refused or flaws.flawed)[0]
    more = f" and {len(flaws.flawed) - 1} more" if len(flaws.flawed) > 1 else ""
    message = (
        f"the record of {first.title}{more} in the network database can't be decoded: the engine can't start"
        if refused
        else f"the record of {first.title}{more} in the network database is corrupt: the engine uses settings that it never wrote"
    )
    if first.kind == "bucket":
        message = (
            "the name of the networks' bucket in the network database is corrupt: the engine sees none of its networks"
        )
    yield Finding(
        subject=Subject("file", flaws.path),
        message=message,
        evidence=tuple(
            Evidence(flaws.path, f"bucket libnetwork, key {one.key.decode('utf-8', 'replace')}: {one.problem}")
            for one in flaws.flawed[:8]
        ),
        severity=Severity.CRITICAL if refused else Severity.ERROR if first.kind == "bucket" else None,
        stops_start=bool(refused),
        detail=OfFile(path=flaws.path),
    )
