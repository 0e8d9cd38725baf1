"""Whether the running engine can read back what its containers have logged."""

from msgspec import Struct

from doctor.model.missing import Missing


class ReadLog(Struct, frozen=True, kw_only=True):
    """What ``docker logs --tail 1`` would do for one running container.

    Attributes:
        container: its name.
        driver: its logging driver.
        status: HTTP status of the engine's answer.
        bytes: how much the answer holds; what it says is not kept.
        file_bytes: size of its json-file log, -1 if it has none.
        problem: the engine's own words for a refusal, "" for none.
    """

    container: str
    driver: str
    status: int
    bytes: int
    file_bytes: int = -1
    problem: str = ""

    @property
    def is_readable(self) -> bool:
        """Whether the last line came back, or there is none yet."""
        return self.status == 200 and not (self.file_bytes > 0 and self.bytes == 0)


class ReadLogs(Struct, frozen=True, kw_only=True):
    """A few running containers whose driver is the engine's default."""

    items: tuple[ReadLog, ...]
    gaps: tuple[Missing, ...] = ()
