"""Modules that are imported at the first use."""

from importlib import import_module
from types import ModuleType


class Late(ModuleType):
    """Stands in for a module of this name, which must be importable at the first use."""

    def __getattr__(self, name: str) -> object:
        """Return an attribute of the real module; dunder names are left to the import system."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)
