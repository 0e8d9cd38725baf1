"""Whether the running engine can read the logs of its containers."""

from msgspec import Struct

from doctor.model.missing import Missing


class ReadLog(Struct, frozen=True, kw_only=True):
    """The result of ``docker logs --tail 1`` for one running container.

    Attributes:
        container: its name.
        status: HTTP status of the engine's answer.
        bytes: size of the answer; its content is not kept.
        file_bytes: size of its json-file log, -1 for none.
        problem: the engine's error message, "" for none.
    """

    container: str
    status: int
    bytes: int
    file_bytes: int = -1
    problem: str = ""

    @property
    def is_readable(self) -> bool:
        """Whether the last line was returned, or the log is empty."""
        return self.status == 200 and not (self.file_bytes > 0 and self.bytes == 0)


class ReadLogs(Struct, frozen=True, kw_only=True):
    """Results of a few running containers with the engine's default driver."""

    items: tuple[ReadLog, ...]
    gaps: tuple[Missing, ...] = ()
