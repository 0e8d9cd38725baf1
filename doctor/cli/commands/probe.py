"""``doctor probe``: runs test containers and reports what works on the host."""

import os
import time

from doctor import __version__
from doctor.cli.commands.scan import engine_version
from doctor.cli.common import SharedOptions, emit, host_info, load_catalog, load_settings, open_host
from doctor.cli.spelled import as_root
from doctor.model.errors import RefusedError, UsageError
from doctor.model.report import ProbeReport
from doctor.scan.prove import prove
from doctor.scan.resolve import Facts


def run(names: tuple[str, ...], format_name: str, output: str, shared: SharedOptions) -> int:
    """Run the named probes, or all; return the exit code of the verdict."""
    catalog = load_catalog(load_settings())
    catalog.report_format(format_name)
    for name in names:
        if name not in catalog.probes:
            raise UsageError(f"unknown probe '{name}'", do=f"choose from {', '.join(catalog.probes)}")
    if os.geteuid() != 0:
        raise RefusedError("only root can run test containers", do=f"run '{as_root()}'")
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
    )
    return emit(catalog, report, format_name, output, shared)
