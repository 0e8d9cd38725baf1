"""A container's log stops half-way."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfFile
from doctor.facts.logging.damage import LogDamage


@check(severity=Severity.WARNING, detail=OfFile, breaks=("logs",), ok="each container's log can be read to its end")
def container_log_damaged(containers: Containers, damage: LogDamage) -> Iterator[Finding]:
    r"""A container's log holds bytes that are no line of it, so docker logs stops there and hides all later lines.

    What it looks at:
        The last 64 KiB of each json-file log: lost blocks (NUL bytes), torn lines, and other bytes that are no JSON object.

    Why it matters:
        ``docker logs`` ends with "invalid character '\\x00'"; newer engines end without a word and exit 0. The container goes
        on writing behind the damage, where nobody sees it.

    How it is fixed:
        The damaged bytes are taken out while the engine is stopped; every whole line stays byte for byte. The old file is
        kept.

    References:
        https://github.com/moby/moby/issues/53631
        https://github.com/docker/for-linux/issues/140
    """
    for log in damage.items:
        container = containers.get(log.container_id)
        title = container.title if container is not None else log.container_id[:12]
        yield Finding(
            subject=Subject("container", title),
            message=f"'docker logs {title}' stops half-way: its log holds {log.bytes_lost} bytes that are no line of it",
            evidence=(Evidence(log.path, f"{', '.join(log.kinds)} from byte {log.offset}"),),
            detail=OfFile(path=log.path),
        )
