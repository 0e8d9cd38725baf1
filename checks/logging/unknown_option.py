"""The engine does not start because its logging driver does not know an option."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineVersion
from doctor.facts.host.kubernetes import Kubelet
from doctor.facts.logging.details import UnknownOptions
from doctor.facts.logging.drivers import Logging, default_driver, default_options, opaque_because, unknown_options


@check(
    severity=Severity.CRITICAL,
    detail=UnknownOptions,
    stops_start=True,
    ok="the logging driver knows all its options",
    messages=(
        Message(
            pattern=r"failed to set log opts|unknown log opt '?\S+",
            example="failed to start daemon: failed to set log opts: unknown log opt 'max-size' for journald log driver",
            means="the logging driver does not support a logging option",
            do='remove the option from "log-opts", or choose the driver that has it',
            also=("logging/option-value",),
        ),
    ),
)
def unknown_option(
    config: EngineConfig, version: EngineVersion | Missing, logging: Logging, kubelet: Kubelet | Missing
) -> Iterator[Finding]:
    """The logging driver does not know an option that is set for it, so the engine does not start.

    What it looks at:
        ``log-opts`` of daemon.json and ``--log-opt`` flags against the options that the default driver accepts in this release.

    Why it matters:
        dockerd validates them at its start and exits with "failed to set log opts: unknown log opt 'max-size' for journald log
        driver". ``dockerd --validate`` does not detect it, and a running engine keeps running until its next restart. The usual
        cause: the driver was changed in one file, but the options of the old driver are in another.

    How it is fixed:
        The option is removed. It never had an effect, because the engine does not run with it.

    References:
        https://docs.docker.com/engine/logging/configure/
        https://github.com/moby/moby/blob/master/daemon/logger/factory.go
    """
    release = None if isinstance(version, Missing) else version.release
    driver = default_driver(config)
    names = unknown_options(driver, default_options(config), release)
    if not names:
        return
    kubelet_reads = isinstance(kubelet, Kubelet) and kubelet.uses_docker
    _, is_harm = opaque_because(config, logging.journald, kubelet_reads=kubelet_reads)
    options, setting = config.setting("log-opts"), config.setting("log-driver")
    yield Finding(
        subject=Subject("setting", "log-opts"),
        message=f"the logging driver {driver} does not know {', '.join(names)}: the engine does not start",
        evidence=(Evidence(options.place, ", ".join(names)), Evidence(setting.place, f"log-driver {driver}")),
        detail=UnknownOptions(names=names, driver_goes=is_harm),
    )
