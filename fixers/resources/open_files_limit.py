"""Show how to raise the limit of open files of a service."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def open_files_limit(finding: Finding) -> Iterator[Action]:
    """Advise a drop-in: the limit was set on purpose, and the service must restart."""
    name = finding.subject.name
    if not name.endswith(".service"):
        yield Advise(text=f"start {name} with a higher limit: ulimit -n 1048576 in the script that starts it")
        return
    place = f"/etc/systemd/system/{name}.d/open-files.conf"
    text = f"mkdir -p {place.rpartition('/')[0]} && printf '%s\\n' '[Service]' LimitNOFILE=infinity > {place}"
    yield Advise(text=f"{text} && systemctl daemon-reload && systemctl restart {name}")
