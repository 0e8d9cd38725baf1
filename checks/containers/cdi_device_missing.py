"""A container asks for a CDI device that no specification has."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.gpus import Gpus, by_cdi
from doctor.facts.containers.needs import severity_of, titles


@check(
    severity=Severity.WARNING,
    ok="each CDI device that containers ask for is specified",
    messages=(
        Message(
            pattern=r"(?:CDI device injection failed: )?unresolvable CDI devices .*|could not select device driver \"cdi\" with capabilities: \S+",
            example='could not select device driver "cdi" with capabilities: []',
            means="no CDI specification has the device, or CDI is off in this engine",
            do="'nvidia-ctk cdi list' shows the devices, 'nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml' writes them; engines before 28.3 need \"features\": {\"cdi\": true} in daemon.json",
        ),
    ),
)
def cdi_device_missing(containers: Containers, gpus: Gpus) -> Iterator[Finding]:
    """A container asks for a CDI device that no specification on this host has, so its next start fails.

    What it looks at:
        The devices of ``--device vendor.com/class=name`` in each ``hostconfig.json`` against the files in /etc/cdi and
        /var/run/cdi.

    Why it matters:
        ``docker start`` fails with "unresolvable CDI devices". The specification was never generated, /var/run/cdi is empty after a
        boot, or the card has another name now.

    How it is fixed:
        Manually: generate the specification with the tool of the driver.

    References:
        https://docs.docker.com/reference/cli/docker/container/run/#cdi-devices
    """
    for name in sorted({name for one in containers.items for name in by_cdi(one) if not gpus.has_device(name)}):
        users = [one for one in containers.items if name in by_cdi(one)]
        files = ", ".join(spec.path for spec in gpus.specs[:5]) or "no specification in /etc/cdi and /var/run/cdi"
        yield Finding(
            subject=Subject("device", name),
            message=f"no CDI specification has {name}: the next start of {titles(users)} fails",
            evidence=(Evidence("specifications", files), Evidence("containers that ask for it", titles(users))),
            severity=severity_of(users),
        )
