"""Imports msgspec in the cheaper way, which the guard needs: a check of 60 layers takes 97 ms of CPU and may take 100."""

import sys
from importlib import import_module
from types import ModuleType


class _Late(ModuleType):
    """Stands in for a module of this name, which is imported at the first use."""

    def __getattr__(self, name: str) -> object:
        """Return an attribute of the real module; dunder names are left to the import system."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)


def load_msgspec() -> None:
    """Import msgspec without typing_extensions, which loads ``inspect`` (7 ms), and with its JSON schemas late (1.5 ms).

    Without typing_extensions msgspec uses the standard library, which is enough in every Python that doctor supports.
    The figures are minima of 8 and of 15 runs in turns.
    """
    name = "typing_extensions"
    if name in sys.modules or "msgspec" in sys.modules:
        return
    late = [_Late(each) for each in ("textwrap", "msgspec.inspect") if each not in sys.modules]
    sys.modules.update({each.__name__: each for each in late})
    sys.modules[name] = None  # type: ignore[assignment] # import's marker for a missing module
    try:
        import msgspec as msgspec  # noqa: PLC0414
    finally:
        del sys.modules[name]
        for each in late:
            del sys.modules[each.__name__]
