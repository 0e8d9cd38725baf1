"""``doctor probe``: launch test containers and say what the host can and can't do."""

import os
import time

from doctor import __version__
from doctor.cli.common import Shared, emit, host_info, load_catalog, load_settings, open_host
from doctor.cli.scan import engine_version
from doctor.model.errors import RefusedError, UsageError
from doctor.model.exit_code import ExitCode
from doctor.model.outcome import Result
from doctor.model.report import ProbeReport, ProbeResult
from doctor.scan.prove import prove
from doctor.scan.resolve import Facts


def run(names: tuple[str, ...], format_name: str, output: str, shared: Shared) -> int:
    """Launch the named probes, or all; return the exit code of ``code_of``."""
    catalog = load_catalog(load_settings())
    catalog.report_format(format_name)
    for name in names:
        if name not in catalog.probes:
            raise UsageError(f"no probe '{name}'", do=f"choose from {', '.join(catalog.probes)}")
    if os.geteuid() != 0:
        raise RefusedError("test containers need root", do="run 'sudo doctor probe'")
    host = open_host("")
    facts = Facts(host)
    started = time.time()
    clock = time.perf_counter()
    results = prove(catalog, facts, names or tuple(catalog.probes), progress=shared.progress)
    report = ProbeReport(
        host=host_info(host, engine_version(facts)),
        doctor=__version__,
        started=started,
        seconds=round(time.perf_counter() - clock, 4),
        probes=results,
        exit_code=code_of(results),
    )
    return emit(catalog, report, format_name, output, shared)


def code_of(results: tuple[ProbeResult, ...]) -> ExitCode:
    """Return 0 where all hold that this host has a use for and at least one does, 1 where one fails, else 3."""
    kinds = {result.result for result in results}
    if Result.FAIL in kinds:
        return ExitCode.FOUND
    if Result.ERROR in kinds or Result.UNPROVEN in kinds or Result.PASS not in kinds:
        return ExitCode.INCOMPLETE
    return ExitCode.OK
