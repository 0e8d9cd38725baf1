"""Marks fields that never leave the host: redaction is declared at the field."""

from functools import cache
from typing import get_type_hints

from msgspec import Meta, Struct

SECRET = Meta(extra={"secret": True})
"""Marks a field, ``Annotated[dict[str, str], SECRET]``: passwords, registry credentials, values of an environment."""


class Guarded(Struct, frozen=True, kw_only=True):
    """A value with secret fields: it is printed without them, so that no log or traceback shows one."""

    def __repr__(self) -> str:
        hidden = secret_fields(type(self))
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in hidden)
        return f"{type(self).__name__}({', '.join(shown)})"


@cache
def secret_fields(kind: type[Struct]) -> frozenset[str]:
    """Return the names of the fields declared secret."""
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(name for name, hint in hints.items() if SECRET in getattr(hint, "__metadata__", ()))
