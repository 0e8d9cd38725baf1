"""Frozen values and the runtime's error class, without the 17 ms that importing `dataclasses` costs a cold launch."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - exported under its own name for the type checkers
    from typing import TypeVar

    Value = TypeVar("Value")
else:

    def dataclass(*, frozen: bool, slots: bool, kw_only: bool) -> object:
        """The part of `dataclasses.dataclass` that plans need: keyword-only, frozen fields."""
        if not (frozen and slots and kw_only):
            raise TypeError("values of the runtime are frozen, slotted and keyword-only")
        return _frozen


def _frozen(cls: type) -> type:
    """Give a class the methods below. Its annotations, in order, are its fields; class attributes are their defaults.

    One shared function for all classes, and no second class with real slots: making those took 1 ms of each launch.
    """
    for name, method in _METHODS.items():
        setattr(cls, name, method)
    return cls


def _build(self: object, **given: object) -> None:
    cls = type(self)
    names = cls.__annotations__
    for name in given:
        if name not in names:
            raise TypeError(f"{cls.__name__} has no field {name}")
    content = self.__dict__
    for name in names:
        if name in given:
            content[name] = given[name]
        elif name in cls.__dict__:
            content[name] = cls.__dict__[name]
        else:
            raise TypeError(f"{cls.__name__} needs {name}")


def _refuse(self: object, name: str, _value: object = None) -> None:
    raise AttributeError(f"{type(self).__name__}.{name} is frozen")


def _show(self: object) -> str:
    return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


def _same(self: object, other: object) -> bool:
    return type(other) is type(self) and self.__dict__ == other.__dict__


def _digest(self: object) -> int:
    return hash(tuple(self.__dict__.values()))


_METHODS = {
    "__init__": _build,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__repr__": _show,
    "__eq__": _same,
    "__hash__": _digest,
}


def replace(value: "Value", **changes: object) -> "Value":
    """A copy of a value with some fields changed, as `dataclasses.replace`."""
    cls = type(value)
    for name in changes:
        if name not in cls.__annotations__:
            raise TypeError(f"{cls.__name__} has no field {name}")
    made = cls.__new__(cls)
    made.__dict__.update(value.__dict__, **changes)
    return made


FAILED = 125  # the runtime itself failed: as `docker run`
NOT_EXECUTABLE = 126
NOT_FOUND = 127
USAGE = 2


class LaunchError(Exception):
    """An error of the runtime in one line, with its exit code.

    Attributes:
        message: what failed and why, lower case, without a full stop.
        code: 2 wrong usage, 125 the runtime failed, 126 the command can't be executed, 127 it was not found.
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def reason(error: OSError) -> str:
    """The system's text for an error, and its number: "no such file or directory (2)"."""
    return f"{(error.strerror or 'error').lower()} ({error.errno})"
