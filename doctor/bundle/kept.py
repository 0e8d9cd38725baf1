"""One value of a bundle as bytes: MessagePack, in the types of the facts. Reading never imports what a bundle names."""

import sys
from functools import cache
from typing import Any

import msgspec

from doctor.bundle.masked import Masker, unescaped
from doctor.model.errors import FormatError

_LATE = {
    "doctor.facts.containers.gpus": {"CdiSpec": "doctor.formats.host.cdi"},
    "doctor.facts.images.altered_tags": {"AlteredTag": "doctor.facts.images.tag_readings"},
    "doctor.facts.path.rule_lists": {
        "IpSet": "doctor.facts.path.rules.ipsets",
        "IptablesRules": "doctor.facts.path.rules.tables",
    },
}
"""Modules of facts → names that they import for a type checker only, to start faster. Their types need them."""

_ERRORS = (
    msgspec.MsgspecError,
    ValueError,
    TypeError,
    OverflowError,
    RecursionError,
    NameError,
    AttributeError,
    LookupError,
)
"""Errors of the codec, and of the code of a type that is made for the values of a collector."""


def encode(value: Any) -> tuple[bytes, Masker]:
    """Return a fact or a ``Missing`` as bytes, without secrets, and what was masked. Raises ``FormatError`` if it can't be kept."""
    masker = Masker()
    _complete(type(value).__module__)
    try:
        return msgspec.msgpack.encode(masker.fact(value)), masker
    except _ERRORS as error:
        raise FormatError(f"{type(value).__name__} can't be kept in a bundle: {_one_line(error)}") from error


def decode(raw: bytes, kind: type, *, is_escaped: bool = False) -> Any:
    """Return a value of this type. Raises ``FormatError`` for any other bytes."""
    _complete(kind.__module__)
    try:
        value = _decoder(kind).decode(raw)
        return unescaped(value) if is_escaped else value
    except (
        msgspec.MsgspecError,
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
        NameError,
        AttributeError,
    ) as error:
        raise FormatError(f"it is not in the form of {kind.__name__}: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


@cache
def _decoder(kind: type) -> "msgspec.msgpack.Decoder[Any]":
    return msgspec.msgpack.Decoder(kind)


def _complete(module: str) -> None:
    """Import the names that the types of a module of facts need."""
    for name, source in _LATE.get(module, {}).items():
        if name not in vars(sys.modules[module]):
            from importlib import import_module  # noqa: PLC0415 - few facts need it

            setattr(sys.modules[module], name, getattr(import_module(source), name))
