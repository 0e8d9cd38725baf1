"""A record of the network database is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.network.flaws import NetworkFlaws


@check(severity=Severity.WARNING, detail=OfFile, ok="every record of the network database is as the engine writes it")
def network_record_corrupt(flaws: NetworkFlaws) -> Iterator[Finding]:
    """A record inside a whole network database is damaged: the engine does not start on it, or runs with another network.

    What it looks at:
        Each record of ``network/files/local-kv.db`` (networks, endpoints, sandboxes, and those of the bridge, macvlan and
        ipvlan drivers), decoded as dockerd does: JSON, the keys it needs, their types, addresses and ids. Then what several records and
        the containers' files tell alike (ids, names, addresses), where one is a single bit away from the others; and the
        metadata backup, where the record has the same index and differs in a single bit.

    Why it matters:
        Bolt has no checksum for its pages: a flipped bit inside a record is found by nobody but its reader. dockerd ends
        with "failed to get bridge endpoints from store: invalid character …", or panics, or comes up with a network of
        another name.

    How it is fixed:
        The one bit is flipped back where only one bit explains the record; else it is written from the other records, the
        backup or the containers' files. A record of an endpoint that none of these can give back is dropped, as the engine makes
        them at each start of a container. The file is kept.

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
        f"the engine can't start: it can't decode record {first.title}{more} of its network database"
        if refused
        else f"record {first.title}{more} of the network database is damaged: the engine reads settings that it never wrote"
    )
    if first.kind == "bucket":
        message = "the engine sees none of its networks: the name of the bucket that holds them is damaged"
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
