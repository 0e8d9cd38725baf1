"""The bridge driver has a record of docker0 whose network is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.engine.state import EngineState
from doctor.facts.network.details import OrphanRecords
from doctor.facts.network.flaws import NetworkFlaws
from doctor.facts.network.orphans import orphans


@check(
    severity=Severity.CRITICAL,
    detail=OrphanRecords,
    stops_start=True,
    ok="the default bridge has one record",
    messages=(
        Message(
            pattern=r"cannot create network \S+ \(\S+\): conflicts with network \S+ \(\S+\): networks have same bridge name",
            example='Error creating default "bridge" network: cannot create network d8ef34a1229a (docker0): conflicts with network bf657ecc0c2b (docker0): networks have same bridge name',
            means="an earlier start failed while it created docker0, and left a record of it in the network database: each further start fails",
            do="stop the engine and remove the record; people move /var/lib/docker/network/files/local-kv.db away, which also loses their own networks",
        ),
    ),
)
def bridge_record_orphan(flaws: NetworkFlaws, state: EngineState | Missing) -> Iterator[Finding]:
    """A failed start left a record of docker0 in the network database, so each further start of the engine fails.

    What it looks at:
        The records of ``network/files/local-kv.db`` while the engine is down: one of the bridge driver for the default bridge
        whose network has no record.

    Why it matters:
        The engine creates its default network at each start. If that fails after the driver has stored its record (a rule is
        refused, a firewalld zone conflicts), the record remains. The next start fails with "networks have same bridge name",
        also when the first cause is gone.

    How it is fixed:
        The record is removed from the database; all other records are kept. The engine creates the default network at its
        start.

    References:
        https://github.com/moby/moby/blob/v26.1.5/libnetwork/drivers/bridge/bridge_linux.go
    """
    if isinstance(state, EngineState) and state.pid:
        return
    found = orphans(flaws.records)
    if found:
        identity = found[0].split(b"/")[-2].decode("ascii", "replace")[:12]
        yield Finding(
            subject=Subject("file", flaws.path),
            message=f"a failed start left the record of bridge docker0 in the network database (network {identity}, which does not"
            " exist): the engine's next start fails",
            evidence=tuple(
                Evidence(
                    flaws.path, f"bucket libnetwork, key {key.decode('utf-8', 'replace')}: no record of this network"
                )
                for key in found[:4]
            ),
            detail=OrphanRecords(keys=found),
        )
