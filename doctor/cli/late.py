"""Modules that are loaded when something in them is asked for."""

from importlib import import_module
from types import ModuleType


class Late(ModuleType):
    """Stands for a module of this name; that one must be importable by the time something is asked for."""

    def __getattr__(self, name: str) -> object:
        """Return what the module itself has; its own names in dunders are left to import."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)
