"""Advise how new containers start without the log server."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.logging.details import DeadTarget

_LATER = {
    "fluentd": '"fluentd-async": "true" in "log-opts" of /etc/docker/daemon.json',
    "syslog": 'a udp:// address for "syslog-address" in /etc/docker/daemon.json',
    "gelf": 'a udp:// address for "gelf-address" in /etc/docker/daemon.json',
    "splunk": '"splunk-verify-connection": "false" in "log-opts" of /etc/docker/daemon.json',
}


@fixer(applicability=Applicability.MANUAL)
def target_dead(detail: DeadTarget) -> Iterator[Action]:
    """Show both ways; only the user knows the log server, and whether log lines may be lost."""
    yield Advise(
        text=f"start the log server on {detail.server} ('ss -ltn' shows what listens); or, if lines may be lost while it is "
        f"down: {_LATER[detail.driver]}, then: systemctl restart docker"
    )
