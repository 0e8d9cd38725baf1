"""Modules that are imported at the first use."""

import sys
from importlib import import_module
from types import ModuleType


class Late(ModuleType):
    """Stands in for a module of this name, which must be importable at the first use."""

    def __getattr__(self, name: str) -> object:
        """Return an attribute of the real module; dunder names are left to the import system."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)


def load_msgspec() -> None:
    """Import msgspec without its unused imports, which cost 17 ms, as much as sixty checks.

    msgspec tries typing_extensions first, which loads ``inspect``, and falls back to the standard library, which is enough
    in every Python that doctor supports. Its modules for JSON schemas are loaded at the first use.
    """
    name = "typing_extensions"
    if name in sys.modules or "msgspec" in sys.modules:
        return
    late = [Late(each) for each in ("textwrap", "msgspec.inspect") if each not in sys.modules]
    sys.modules.update({each.__name__: each for each in late})
    sys.modules[name] = None  # type: ignore[assignment] # import's marker for a missing module
    try:
        import msgspec as msgspec  # noqa: PLC0414
    finally:
        del sys.modules[name]
        for each in late:
            del sys.modules[each.__name__]
