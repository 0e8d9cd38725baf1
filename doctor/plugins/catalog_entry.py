"""An entry of the catalog: a file in the right place, and its declaration after the import."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from doctor.model.declare import Declaration
from doctor.model.text import plain


class CatalogEntry(Struct, frozen=True, kw_only=True):
    """One file in the right place.

    Attributes:
        id: ``network/ip-forward-off`` for a check or fixer, ``egress`` for a probe, ``json`` for a format; a plugin's
            start with its name and a colon.
        module: the module to import.
        plugin: name of the plugin, "" for doctor's own.
        path: the file.
    """

    id: str
    module: str
    plugin: str
    path: str


class Loaded(Struct, frozen=True):
    """An imported entry: its function and declaration."""

    entry: CatalogEntry
    function: Callable[..., Any]
    declaration: Declaration

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring, with code in the quotes of messages."""
        text = (self.function.__doc__ or "").strip().split("\n\n", 1)[0]
        return plain(" ".join(text.split()))
