"""The last test containers of this host that a kept scan knows of: what ``fix`` says where it has nothing to mend."""

from doctor.model.report import HostInfo, LastProof

_SCANS = 60


def last_proof(host: HostInfo) -> LastProof | None:
    """Return what the newest scan with test containers saw; ``None`` where none is kept.

    After a repair it says nothing of the host any more: then it is without results.
    """
    from doctor.history.store import History

    with History() as history:
        for kept in reversed(history.scans(host, _SCANS)):
            report = history.named(kept.number)
            if report is not None and report.probes:
                probes = () if _is_outdated(kept.started) else report.probes
                return LastProof(started=kept.started, probes=probes)
    return None


def _is_outdated(started: float) -> bool:
    """Whether doctor has changed the host since: a repair tries test containers of its own."""
    from doctor.repair.runs import survey

    known, aside = survey()
    return bool(aside) or any(one.plan.started > started for one in known)
