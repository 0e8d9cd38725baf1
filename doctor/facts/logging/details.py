"""Details of findings about logging: values that a check hands to its fixer."""

from msgspec import Struct


class HidesFiles(Struct, frozen=True, kw_only=True):
    """A logging driver that keeps logs where ``docker logs`` does not read them.

    Attributes:
        driver: the logging driver in force.
        is_harm: logs are lost or containers don't start, rather than logs going where somebody may want them.
    """

    driver: str
    is_harm: bool


class UnknownDriver(Struct, frozen=True, kw_only=True):
    """The name as set, and the driver it is a spelling of ("" if that is not clear)."""

    name: str
    meant: str


class UnknownOptions(Struct, frozen=True, kw_only=True):
    """Options of a logging driver that it does not take.

    Attributes:
        names: the options that the driver does not take.
        driver_goes: the driver itself is changed by another repair, which also settles the options.
    """

    names: tuple[str, ...]
    driver_goes: bool
