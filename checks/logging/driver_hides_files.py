"""The logs of new containers can't be read on this host."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.host.kubernetes import Kubelet
from doctor.facts.logging.details import HidesFiles
from doctor.facts.logging.drivers import Logging, default_driver, opaque_because

_SHOWN = 8


@check(
    severity=Severity.ERROR,
    detail=HidesFiles,
    breaks=("logs",),
    ok="'docker logs' and kubelet can read the logs of new containers",
    messages=(
        Message(
            pattern="Unix syslog delivery error|journald is not enabled on this host|configured logging driver does not support reading",
            example="docker: Error response from daemon: failed to create task for container: failed to initialize logging driver: Unix syslog delivery error.",
            means="the logging driver uses a daemon that is not running, or one from which 'docker logs' can't read",
            do="start that daemon, or use the driver local or json-file",
            also=("logging/cache-disabled", "logging/container-driver"),
        ),
    ),
)
def driver_hides_files(
    config: EngineConfig, logging: Logging, containers: Containers | Missing, kubelet: Kubelet | Missing
) -> Iterator[Finding]:
    """``docker logs`` or kubelet can't read the logs of the engine's driver, so logs seem empty or containers don't start.

    What it looks at:
        The effective default logging driver: a flag of the running dockerd; otherwise of its unit, drop-ins,
        /etc/sysconfig/docker, /etc/default/docker or init script; otherwise daemon.json. Also whether a journal or a syslog daemon
        runs here, and whether this is a Kubernetes node whose kubelet reads Docker's logs.

    Why it matters:
        kubelet and log shippers read the json-file logs below the data root. Other drivers leave ``LogPath`` empty, so ``kubectl
        logs`` prints nothing, without an error. With journald and no running journal, no container starts ("journald is not
        enabled on this host"); the same applies to syslog without a listener ("Unix syslog delivery error"). With ``none``, no
        log is kept: that is a choice, and only a note.

    How it is fixed:
        The driver is changed to json-file where it is set, options that only the old driver knows are removed, and rotation is
        set in the same place, never both as a flag and in daemon.json. The engine restarts. Existing containers keep their
        driver: the finding names them, and they must be recreated. With a running journal and no kubelet, doctor only advises,
        because logs in the journal may be intended.

    References:
        https://docs.docker.com/engine/logging/configure/
        https://docs.docker.com/engine/logging/drivers/journald/
    """
    setting = config.setting("log-driver")
    if setting.origin != "file" and "log-driver" in config.json.value:
        # It is set twice, so the engine does not start: config/flag-file-conflict reports that and decides between the two.
        return
    kubelet_reads = isinstance(kubelet, Kubelet) and kubelet.uses_docker
    why, is_harm = opaque_because(config, logging.journald, kubelet_reads=kubelet_reads, has_syslog=logging.has_syslog)
    if not why:
        return
    driver = default_driver(config)
    evidence = [Evidence(setting.place, f"log-driver {driver}")]
    if isinstance(kubelet, Kubelet) and kubelet_reads:
        evidence.append(Evidence(kubelet.evidence, "a kubelet reads Docker's logs"))
    if driver == "journald":
        evidence.append(Evidence("/run/systemd/journal/socket", logging.journald))
    if driver == "syslog" and not logging.has_syslog:
        evidence.append(Evidence("/dev/log", "absent"))
    keep = [] if isinstance(containers, Missing) else [found for found in containers.items if _has(found, driver)]
    if keep:
        names = ", ".join(container.title for container in keep[:_SHOWN])
        more = f" and {len(keep) - _SHOWN} more" if len(keep) > _SHOWN else ""
        evidence.append(Evidence("containers that keep it until they are recreated", names + more))
    yield Finding(
        subject=Subject("setting", "log-driver"),
        message=f"the logging driver is {driver} (set in {setting.place}): {why}",
        evidence=tuple(evidence),
        detail=HidesFiles(driver=driver, is_harm=is_harm),
        severity=None if is_harm else Severity.INFO,
    )


def _has(container: Container, driver: str) -> bool:
    return container.host is not None and container.host.log_driver == driver
