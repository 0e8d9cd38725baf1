"""A container's log is corrupt in the middle."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfFile
from doctor.facts.logging.damage import LogDamage
from doctor.model.text import plural


@check(
    severity=Severity.WARNING,
    detail=OfFile,
    breaks=("logs",),
    ok="each container's log can be read completely",
    messages=(
        Message(
            pattern="error grabbing logs: (?:invalid character.*|unexpected EOF)|got error while decoding json.*",
            example="error from daemon in stream: Error grabbing logs: invalid character '\\x00' looking for beginning of value",
            means="a container's log is corrupt, perhaps by a crash, and reading stops there",
            do="let 'doctor fix' remove the invalid bytes",
        ),
    ),
)
def container_log_damaged(containers: Containers, damage: LogDamage) -> Iterator[Finding]:
    r"""A container's log has invalid bytes, so docker logs stops there and hides all later lines.

    What it looks at:
        The last 64 KiB of each json-file log: lost blocks (NUL bytes), truncated lines, and other bytes that are not a JSON
        object.

    Why it matters:
        ``docker logs`` fails with "invalid character '\\x00'"; newer engines stop without a message and exit with 0. The
        container continues to write after the invalid bytes, where nobody sees its lines.

    How it is fixed:
        The invalid bytes are removed while the engine is stopped. Each complete line is kept byte for byte, and so is a copy of
        the old file.

    References:
        https://github.com/moby/moby/issues/53631
        https://github.com/docker/for-linux/issues/140
    """
    for log in damage.items:
        container = containers.get(log.container_id)
        title = container.title if container is not None else log.container_id[:12]
        yield Finding(
            subject=Subject("container", title),
            message=f"the log of container {title} has {plural(log.bytes_lost, 'invalid byte')}: 'docker logs {title}' stops there and hides the later lines",
            evidence=(Evidence(log.path, f"{', '.join(log.kinds)} from byte {log.offset}"),),
            detail=OfFile(path=log.path),
        )
