"""A remote log target can block containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.logging.drivers import default_driver, default_options


@check(
    severity=Severity.INFO,
    ok="no log target can block containers",
)
def remote_blocking(config: EngineConfig) -> Iterator[Finding]:
    """Logs go to a remote target in blocking mode, so containers don't start or hang while the target is unavailable.

    What it looks at:
        The default driver and its options: syslog and gelf over TCP, fluentd without ``fluentd-async``, splunk and awslogs, if
        ``mode`` is not non-blocking.

    Why it matters:
        If the target refuses the connection, a container does not start, in either mode. A running container blocks in write(2)
        on its output when the buffers are full.

    How it is fixed:
        Manually: with ``mode=non-blocking`` and ``max-buffer-size``, running containers don't block, but log lines may be lost.

    References:
        https://docs.docker.com/engine/logging/configure/#configure-the-delivery-mode-of-log-messages-from-container-to-log-driver
    """
    driver, options = default_driver(config), default_options(config)
    if options.get("mode") == "non-blocking":
        return
    address = options.get(f"{driver}-address", "")
    over_tcp = driver in {"syslog", "gelf"} and address.startswith("tcp")
    waits = driver == "fluentd" and options.get("fluentd-async") != "true" and not address.startswith("unix")
    if over_tcp or waits or driver in {"splunk", "awslogs"}:
        yield Finding(
            subject=Subject("setting", "log-opts"),
            message=f"the logging driver {driver} is in blocking mode: while its target is unavailable, containers don't start or hang",
            evidence=(
                Evidence(config.setting("log-driver").place, f"log-driver {driver}"),
                Evidence(
                    config.setting("log-opts").place, f"mode={options.get('mode', 'blocking (default)')} {address}"
                ),
            ),
        )
