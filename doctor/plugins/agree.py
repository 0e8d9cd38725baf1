"""Checks that a fixer's detail has the type that its check declares. Imported only when a fixer is loaded."""

from types import NoneType, UnionType
from typing import Any

from doctor.model.declare import CheckDeclaration
from doctor.model.errors import UsageError
from doctor.plugins.catalog_entry import Loaded


def agree(check: Loaded, fixer: Loaded) -> None:
    """Raise ``UsageError``, naming both files, if the ``detail`` of a fixer is not that of its check.

    The types must be the same: a fixer that lacks one would fail for some finding, and an extra one is never used.
    """
    annotations = fixer.function.__annotations__
    if "detail" not in annotations or not isinstance(check.declaration, CheckDeclaration):
        return
    asked, declared = annotations["detail"], check.declaration.detail
    if _members(asked) != _members(declared):
        raise UsageError(
            f"the detail of this fixer is {spelled(asked)}, but the check {check.entry.path} declares {spelled(declared)}",
            where=fixer.entry.path,
            do="use the same type in both",
        )


def spelled(kind: Any) -> str:
    """Return a type or a union of types in source syntax."""
    return " | ".join("None" if one is NoneType else _name(one) for one in _in_order(kind))


def _name(kind: Any) -> str:
    return f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else repr(kind)


def _in_order(kind: Any) -> tuple[Any, ...]:
    return kind.__args__ if isinstance(kind, UnionType) else (NoneType if kind is None else kind,)


def _members(kind: Any) -> frozenset[Any]:
    return frozenset(_in_order(kind))
