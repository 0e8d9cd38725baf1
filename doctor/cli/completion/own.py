"""Names of what doctor itself has: checks, formats, probes, repairs, scans."""

import os
from typing import TYPE_CHECKING

from doctor.state.paths import config_file, runs_dir, state_dir

if TYPE_CHECKING:
    from doctor.history.store import KeptScan

_MOST = 50


def check_ids() -> list[str]:
    """Return the ids of all checks that the settings allow."""
    return _listed("checks")


def formats() -> list[str]:
    """Return the report formats."""
    return _listed("formats")


def probes() -> list[str]:
    """Return the probes."""
    return _listed("probes")


def runs() -> list[str]:
    """Return the latest repairs, newest first; [] for a user who can't see them."""
    try:
        return sorted(os.listdir(runs_dir()), reverse=True)[:_MOST]
    except OSError:
        return []


def scans() -> list[tuple[str, str]]:
    """Return the numbers of the latest scans with their times, newest first."""
    import time

    return [
        (str(one.number), time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(one.started))) for one in reversed(_kept())
    ]


def hosts() -> list[str]:
    """Return the names of the hosts of the latest scans."""
    return sorted({one.host for one in _kept()})


def _kept() -> "tuple[KeptScan, ...]":
    if not os.path.exists(os.path.join(state_dir(), "history.db")):
        return ()
    from doctor.cli.msgspec_import import load_msgspec

    load_msgspec()
    from doctor.history.store import History

    with History() as history:
        return history.scans(limit=_MOST)


def engine_series() -> list[str]:
    """Return the series of the engine that doctor knows."""
    from doctor.cli.msgspec_import import load_msgspec

    load_msgspec()
    from doctor.facts.engine.versions import Lifecycles
    from doctor.host.live import LiveHost
    from doctor.scan.resolve import Facts

    return list(Facts(LiveHost()).get(Lifecycles).series_names())


def _listed(kind: str) -> list[str]:
    """Return the ids of a kind: doctor's own without settings, which cost half of the time, where there are none."""
    from doctor.cli.msgspec_import import load_msgspec

    load_msgspec()
    if not os.path.exists(config_file()):
        from doctor.plugins.catalog import Catalog
        from doctor.plugins.rooms import OURS

        catalog = Catalog()
        catalog.add(kind, getattr(OURS, kind), "")
    else:
        from doctor.cli.common import load_catalog, load_settings
        from doctor.model.errors import DoctorError
        from doctor.state.settings import Settings

        try:
            settings = load_settings()
        except DoctorError:
            settings = Settings()
        catalog = load_catalog(settings)
    return sorted(getattr(catalog, kind))
