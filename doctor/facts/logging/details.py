"""Details of findings about logging: values that a check passes to its fixer."""

from msgspec import Struct


class HidesFiles(Struct, frozen=True, kw_only=True):
    """A logging driver whose logs ``docker logs`` can't read.

    Attributes:
        driver: the effective logging driver.
        is_harm: whether logs are lost or containers don't start; otherwise logs go elsewhere, perhaps on purpose.
    """

    driver: str
    is_harm: bool


class UnknownDriver(Struct, frozen=True, kw_only=True):
    """The configured name, and the driver that it misspells ("" if unknown)."""

    name: str
    meant: str


class UnknownOptions(Struct, frozen=True, kw_only=True):
    """Options that a logging driver does not accept.

    Attributes:
        names: the unknown options.
        driver_goes: whether another repair changes the driver, which also resolves the options.
    """

    names: tuple[str, ...]
    driver_goes: bool


class DeadTarget(Struct, frozen=True, kw_only=True):
    """The default logging driver, and the server that it needs ("127.0.0.1:24224")."""

    driver: str
    server: str
