"""``doctor fix``: print the plan; with ``--apply``, carry it out."""

import time

from doctor.cli.commands.planned import FixJob, FixOptions, plan_of, plan_report, warn_incomplete
from doctor.cli.common import (
    SharedOptions,
    applicability,
    emit,
    load_catalog,
    load_settings,
    open_host,
)
from doctor.cli.repair_lock import warn_unfinished


def run(options: FixOptions, shared: SharedOptions) -> int:
    """Plan, print, and apply where asked to; return the exit code."""
    settings = load_settings()
    catalog = load_catalog(settings)
    catalog.report_format(options.format)
    if options.bundle:
        from doctor.cli.commands.bundled import fix_bundle

        return fix_bundle(options, shared, settings, catalog)
    job = FixJob(
        options=options,
        shared=shared,
        settings=settings,
        catalog=catalog,
        host=open_host(options.root),
        started=time.time(),
        clock=time.perf_counter(),
    )
    allow = applicability(options.allow) if options.allow else settings.allow
    if not (options.apply or options.resume):
        doubt = warn_unfinished(job.host, shared)
        report = plan_report(job, plan_of(job, allow), unfinished=doubt)
        warn_incomplete(job, report)
        return emit(catalog, report, options.format, options.output, shared)
    from doctor.cli.commands import carry_out

    return carry_out.run(job, allow)
