"""The default logging driver does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineInfo
from doctor.facts.logging.details import UnknownDriver
from doctor.facts.logging.drivers import DRIVERS, default_driver


@check(
    severity=Severity.ERROR,
    detail=UnknownDriver,
    breaks=("logs",),
    ok="the default logging driver exists",
    messages=(
        Message(
            pattern=r"no log driver named '?\S+|log driver \S+ (?:is not registered|not found)|error looking up logging plugin \S+ plugin \S+ not found|error looking up logging plugin",
            example='docker: Error response from daemon: error looking up logging plugin jurnald: plugin "jurnald" not found.',
            means="this engine does not have the configured logging driver",
            do='correct "log-driver"',
            also=("logging/removed-driver", "logging/container-driver", "state/hostconfig-missing"),
            apart="whether the name is in daemon.json or only in the container's own settings",
        ),
    ),
)
def unknown_driver(config: EngineConfig, info: EngineInfo | Missing) -> Iterator[Finding]:
    """The default logging driver does not exist, so the engine starts but new containers do not.

    What it looks at:
        The effective driver against the drivers that the running engine lists, otherwise against moby's drivers. A name with a
        slash or colon is a plugin.

    Why it matters:
        dockerd starts with any name. Each ``docker run`` then hangs for 15 seconds and fails with "error looking up logging plugin
        jsonfile: plugin not found". Existing containers keep their driver and work, so the fault is noticed late.

    How it is fixed:
        If the name differs from a known driver only in dashes or case, it is corrected. Any other name may be a plugin that is
        not installed: ``--choose`` offers json-file.

    References:
        https://docs.docker.com/engine/logging/configure/
    """
    name = default_driver(config)
    if name in DRIVERS or "/" in name or ":" in name or name == "etwlogs":
        return
    meant = next((driver for driver in DRIVERS if _plain(driver) == _plain(name)), "")
    if isinstance(info, EngineInfo):
        if name in info.log_drivers:
            return
        known = Evidence("GET /info", f"drivers: {', '.join(sorted(info.log_drivers))}")
    elif meant:
        known = Evidence("moby's drivers", ", ".join(sorted(DRIVERS)))
    else:
        # A plugin can have any alias, and only a running engine knows its plugins.
        return
    setting = config.setting("log-driver")
    yield Finding(
        subject=Subject("setting", "log-driver"),
        message=f"the logging driver '{name}' (set in {setting.place}) does not exist: no new container starts",
        evidence=(Evidence(setting.place, f"log-driver {name}"), known),
        detail=UnknownDriver(name=name, meant=meant),
    )


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
