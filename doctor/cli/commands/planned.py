"""The plan of ``doctor fix`` and its report, for a plan that is only shown and for one that is carried out."""

import os
import time

from msgspec import Struct
from msgspec.structs import replace

from doctor import __version__
from doctor.cli.accepted import waive
from doctor.cli.commands.last_proof import last_proof
from doctor.cli.commands.scan import engine_version
from doctor.cli.common import (
    SharedOptions,
    host_info,
    scope,
)
from doctor.cli.spelled import as_root, command
from doctor.host.base import Host
from doctor.model.report import PlannedAction, PlanReport
from doctor.model.severity import Applicability
from doctor.model.text import plural
from doctor.model.verdict import judge
from doctor.plugins.catalog import Catalog
from doctor.repair.planning.choose import parse
from doctor.repair.planning.plan import Plan, make_plan
from doctor.scan.run import Scan
from doctor.state.settings import Settings


class FixOptions(Struct, frozen=True, kw_only=True):
    """Options and arguments of the command line."""

    ids: tuple[str, ...] = ()
    apply: bool = False
    yes: bool = False
    allow: str = ""
    resume: bool = False
    deep: bool = False
    root: str = ""
    bundle: str = ""
    choose: tuple[str, ...] = ()
    format: str = "text"
    output: str = ""

    def command(self, *, is_live: bool) -> str:
        """Return the command that applies this very plan: the same options, with sudo where root is needed."""
        words = ["fix", *self.ids]
        words += ["--deep"] if self.deep else []
        words += ["--root", self.root] if self.root else []
        words += ["--allow", self.allow] if self.allow else []
        words += [word for choice in self.choose for word in ("--choose", choice)]
        words.append("--apply")
        return as_root(*words) if is_live and os.geteuid() != 0 else command(*words)


class FixJob(Struct, frozen=True, kw_only=True):
    """One call, resolved."""

    options: FixOptions
    shared: SharedOptions
    settings: Settings
    catalog: Catalog
    host: Host
    started: float
    clock: float

    @property
    def seconds(self) -> float:
        """Return how long the call has taken so far."""
        return round(time.perf_counter() - self.clock, 4)


def warn_incomplete(job: FixJob, report: PlanReport) -> None:
    """Warn that the scan was incomplete. The text format prints this itself, as the plan's first line."""
    blind = report.before.incomplete
    if blind and (job.options.format != "text" or job.options.apply):
        says = (
            report.before.unseen
            or f"{plural(blind, 'check')} could not examine everything ('doctor scan' shows the reasons)"
        )
        job.shared.progress(f"note: {says}")


def plan_of(job: FixJob, allow: Applicability, before: Scan | None = None) -> Plan:
    """Make the plan for the options; ``before`` is the scan of the host, if it is known."""
    ids = job.catalog.choose((), job.settings.skip)
    wanted = job.catalog.choose(job.options.ids, ()) if job.options.ids else ()
    return make_plan(
        job.host,
        job.catalog,
        ids,
        wanted=wanted,
        allow=allow,
        is_waived=lambda finding: bool(waive((finding,), job.settings, job.host.now(), job.catalog)[0].waived),
        deep=job.options.deep,
        choices=tuple(parse(text) for text in job.options.choose),
        before=before,
    )


def plan_report(job: FixJob, plan: Plan, *, unfinished: str = "") -> PlanReport:
    """Return the report of a plan. ``unfinished``: why the host may be half repaired, "" if it is not."""
    now = job.host.now()
    found = waive(plan.before.findings, job.settings, now, job.catalog)
    host = host_info(job.host, engine_version(plan.before.facts))
    return PlanReport(
        host=host,
        doctor=__version__,
        started=job.started,
        seconds=job.seconds,
        actions=tuple(
            PlannedAction(
                number=number,
                summary=action.summary,
                risk=action.risk,
                fixes=tuple(finding.fingerprint for finding in action.findings),
                check_ids=tuple(dict.fromkeys(finding.id for finding in action.findings)),
                diff=action.diff,
            )
            for number, action in enumerate(plan.actions, 1)
        ),
        risk=plan.risk,
        manual=plan.manual,
        resolves=plan.resolves,
        remaining=waive(plan.after.findings, job.settings, now, job.catalog),
        before=judge(
            found,
            plan.before.outcomes,
            fail_on=job.settings.fail_on,
            scope=replace(scope(job.catalog, job.settings, job.host), unfinished=unfinished),
        ),
        probes=tuple(name for name in plan.probes if name in job.catalog.probes),
        proof=None if plan.actions or not job.host.is_live() else last_proof(host),
        command=job.options.command(is_live=job.host.is_live()),
    )
