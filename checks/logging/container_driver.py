"""A container has a logging driver that does not work on this host."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.state import EngineInfo, EngineVersion
from doctor.facts.logging.drivers import DRIVERS, Logging, is_removed


@check(severity=Severity.WARNING, ok="every container's logging driver works on this host")
def container_driver(
    containers: Containers, logging: Logging, info: EngineInfo | Missing, version: EngineVersion | Missing
) -> Iterator[Finding]:
    """A container was created with a logging driver that does not work here, so it can't be started again.

    What it looks at:
        ``LogConfig`` in each container's hostconfig.json: journald without a running journal, a driver that this release
        removed, or a name that the running engine does not list.

    Why it matters:
        A container keeps the driver from its creation; a new default does not change it. The fault is not visible until its next
        start, which fails with "failed to initialize logging driver".

    How it is fixed:
        Manually: recreate the container with another driver ("docker run --log-driver json-file …").

    References:
        https://docs.docker.com/engine/logging/configure/#configure-the-logging-driver-for-a-container
    """
    release = None if isinstance(version, Missing) else version.release
    for container in containers.items:
        if container.host is None or not container.host.log_driver:
            continue
        driver = container.host.log_driver
        if driver == "journald" and logging.journald == "absent":
            why = "but no journal runs here"
        elif release is not None and is_removed(driver, release):
            why = "which this engine no longer has"
        elif (
            driver not in DRIVERS
            and isinstance(info, EngineInfo)
            and info.log_drivers
            and driver not in info.log_drivers
        ):
            why = "which the engine does not know"
        else:
            continue
        yield Finding(
            subject=Subject("container", container.title),
            message=f"the logging driver of container {container.title} is {driver}, {why}: the container can't be started again",
            evidence=(Evidence(container.host_config_path, f"LogConfig.Type {driver}"),),
        )
