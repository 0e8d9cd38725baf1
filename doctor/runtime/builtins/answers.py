"""Arguments and results of builtins."""

import json
import os

from doctor.runtime.base.frozen import TYPE_CHECKING, LaunchError
from doctor.runtime.plan.reader import FieldReader

if TYPE_CHECKING:
    from collections.abc import Callable


def say(**fields: object) -> None:
    """One JSON line on stdout."""
    _write(1, json.dumps(fields).encode() + b"\n")


def _write(descriptor: int, text: bytes) -> None:
    while text:
        text = text[os.write(descriptor, text) :]


def builtin(work: "Callable[[FieldReader], None]") -> "Callable[[dict[str, object]], int]":
    """Turn a function that reads arguments, prints its result and raises OSError or LaunchError into a builtin."""

    def run(arguments: dict[str, object]) -> int:
        try:
            work(FieldReader(arguments, "args"))
        except LaunchError as failure:
            _write(2, failure.message.encode("utf-8", "replace") + b"\n")
            return failure.code if failure.code == 2 else 1
        except OSError as error:
            name = (error.strerror or str(error) or type(error).__name__).lower()
            say(ok=False, errno=error.errno, error=name)
            _write(2, name.encode("utf-8", "replace") + b"\n")
            return 1
        return 0

    return run


def needed(value: object, name: str) -> str:
    """A required text argument."""
    if not isinstance(value, str):
        raise LaunchError(f"args: '{name}' is needed", 2)
    return value
