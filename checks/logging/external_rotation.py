"""logrotate rotates containers' logs, which only the engine should do."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.logging.drivers import Logging


@check(severity=Severity.INFO, ok="only the engine rotates containers' logs")
def external_rotation(logging: Logging) -> Iterator[Finding]:
    """A logrotate file rotates containers' logs, so lines are lost or truncated.

    What it looks at:
        Files in /etc/logrotate.d that name the logs below the data root.

    Why it matters:
        With ``copytruncate``, the engine writes while logrotate truncates the file: lines are lost or truncated, and ``docker
        logs -f`` and log shippers stop or read lines twice. Without it, the engine continues to write to the renamed file.

    How it is fixed:
        Manually: set max-size and max-file in log-opts, recreate the containers, and remove the logrotate file.

    References:
        https://docs.docker.com/engine/logging/drivers/json-file/
    """
    for path in logging.rotated_by:
        yield Finding(
            subject=Subject("file", path),
            message=f"{path} rotates containers' logs without the engine's knowledge: each rotation may lose lines",
            evidence=(Evidence(path, "names logs of containers"),),
        )
