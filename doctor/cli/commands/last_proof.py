"""The last results of test containers in the kept scans, which ``fix`` reports if there is nothing to repair."""

from doctor.model.probe_result import LastProof
from doctor.model.report import HostInfo

_SCANS = 60


def last_proof(host: HostInfo) -> LastProof | None:
    """Return the test containers of the newest scan that has any; ``None`` if no such scan is kept.

    After a repair the results are outdated, so they are left out.
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
    """Whether doctor has changed the host since: a repair runs its own test containers."""
    from doctor.repair.runs.found import survey

    known, aside = survey()
    return bool(aside) or any(one.plan.started > started for one in known)
