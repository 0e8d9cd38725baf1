"""Names of what doctor itself has: checks, formats, probes, repairs, scans."""

import os
from typing import TYPE_CHECKING

from doctor.state.paths import config_file, runs_dir, state_dir

if TYPE_CHECKING:
    from doctor.history.store import KeptScan

_MOST = 50
_CHECKS = "doctor.checks"
_PACKAGES = {"formats": "doctor.reports", "probes": "doctor.probes"}


def areas() -> list[str]:
    """Return the areas of the checks that the settings allow."""
    if not _has_plugins():
        from doctor.plugins.listing import folders_in

        return folders_in(_CHECKS)
    return sorted({identity.partition("/")[0] for identity in _listed("checks")})


def check_ids(area: str) -> list[str]:
    """Return the ids of the checks of an area."""
    if not _has_plugins():
        from doctor.plugins.listing import folders_in, modules_in

        top = f"{_CHECKS}.{area}"
        packages = [top, *(f"{top}.{subject}" for subject in folders_in(top))]
        return sorted(f"{area}/{_spelled(name)}" for package in packages for name in modules_in(package))
    return [identity for identity in _listed("checks") if identity.partition("/")[0] == area]


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
    """Return the ids of a kind: doctor's own by their files where there are no plugins, which cost a third of the time."""
    if not _has_plugins():
        from doctor.plugins.listing import modules_in

        return sorted(map(_spelled, modules_in(_PACKAGES[kind])))
    from doctor.cli.msgspec_import import load_msgspec

    load_msgspec()
    from doctor.cli.common import load_catalog, load_settings
    from doctor.model.errors import DoctorError
    from doctor.state.settings import Settings

    try:
        settings = load_settings()
    except DoctorError:
        settings = Settings()
    return sorted(getattr(load_catalog(settings), kind))


def _has_plugins() -> bool:
    """Whether the settings name plugins at all; only then are they read in full."""
    try:
        with open(config_file(), "rb") as stream:
            return b"plugins" in stream.read(1 << 20)
    except OSError:
        return False


def _spelled(module: str) -> str:
    return module.replace("_", "-")
