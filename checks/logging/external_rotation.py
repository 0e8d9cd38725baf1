"""logrotate and the engine both think they own the logs."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.logging.drivers import Logging


@check(severity=Severity.INFO, ok="nothing but the engine rotates containers' logs")
def external_rotation(logging: Logging) -> Iterator[Finding]:
    """A logrotate file rotates containers' logs, which cuts lines in the middle for whoever reads them.

    What it looks at:
        Files of /etc/logrotate.d that name the logs below the data root.

    Why it matters:
        With ``copytruncate`` the engine goes on writing while the file is cut: lines are lost or torn, and ``docker logs -f``
        and log shippers stop or read twice. Without it the engine writes on into the renamed file.

    How it is fixed:
        By a person: set max-size and max-file in log-opts, make the containers again, and remove the logrotate file.

    References:
        https://docs.docker.com/engine/logging/drivers/json-file/
    """
    for path in logging.rotated_by:
        yield Finding(
            subject=Subject("file", path),
            message=f"{path} rotates containers' logs behind the engine's back: lines are lost when it does",
            evidence=(Evidence(path, "names logs of containers"),),
        )
