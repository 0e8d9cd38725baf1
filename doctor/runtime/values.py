"""Frozen values and the one error of the runtime, without the 17 ms that importing `dataclasses` costs a cold launch."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - exported under its own name for the type checkers
    from typing import TypeVar

    Value = TypeVar("Value")
else:

    def dataclass(*, frozen: bool, slots: bool, kw_only: bool) -> object:
        """The part of `dataclasses.dataclass` that plans need: keyword-only fields in slots that can't be set again."""
        if not (frozen and slots and kw_only):
            raise TypeError("values of the runtime are frozen, slotted and keyword-only")
        return _frozen


def _frozen(cls: type) -> type:
    names = tuple(cls.__annotations__)
    body = dict(cls.__dict__)
    defaults = {name: body.pop(name) for name in names if name in body}
    for name in ("__dict__", "__weakref__"):
        body.pop(name, None)
    known = frozenset(names)

    def build(self: object, **given: object) -> None:
        unknown = given.keys() - known
        if unknown:
            raise TypeError(f"{cls.__name__} has no field {min(unknown)}")
        for name in names:
            if name in given:
                object.__setattr__(self, name, given[name])
            elif name in defaults:
                object.__setattr__(self, name, defaults[name])
            else:
                raise TypeError(f"{cls.__name__} needs {name}")

    def refuse(_self: object, name: str, _value: object) -> None:
        raise AttributeError(f"{cls.__name__}.{name} is frozen")

    def show(self: object) -> str:
        return f"{cls.__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    def same(self: object, other: object) -> bool:
        return type(other) is type(self) and all(getattr(self, name) == getattr(other, name) for name in names)

    def digest(self: object) -> int:
        return hash(tuple(getattr(self, name) for name in names))

    body.update(
        __slots__=names,
        __init__=build,
        __setattr__=refuse,
        __repr__=show,
        __eq__=same,
        __hash__=digest,
    )
    return type(cls.__name__, cls.__bases__, body)


def replace(value: "Value", **changes: object) -> "Value":
    """A copy of a value with some fields changed, as `dataclasses.replace`."""
    make: Callable[..., Value] = type(value)
    fields = {name: getattr(value, name) for name in type(value).__slots__}  # type: ignore[attr-defined]
    return make(**(fields | changes))


FAILED = 125  # the runtime itself failed: as `docker run`
NOT_EXECUTABLE = 126
NOT_FOUND = 127
USAGE = 2


class Failure(Exception):  # noqa: N818 - the word that users read, and one that `RuntimeError` does not shadow
    """What the runtime could not do, in one line, with the exit code that goes with it.

    Attributes:
        message: what failed and why, lower case, without a full stop.
        code: 2 wrong usage, 125 the runtime failed, 126 the command can't be executed, 127 it was not found.
    """

    def build(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def reason(error: OSError) -> str:
    """The system's words for an error, and its number: "no such file or directory (2)"."""
    return f"{(error.strerror or 'error').lower()} ({error.errno})"
