"""Adds a waiver to the text of the settings; all other bytes stay as they are (decision 0061)."""

import json

from doctor.model.errors import UsageError
from doctor.state.settings import Waiver, parse


def added(text: bytes, waiver: Waiver, path: str) -> bytes:
    """Return the text of a settings file with one waiver more, at its end. Raises ``UsageError``.

    >>> import datetime as dt
    >>> print(added(b"# mine", Waiver(id="a/x", reason="so", expires=dt.date(2027, 1, 31)), "x.toml").decode())
    # mine
    <BLANKLINE>
    [[waiver]]
    id = "a/x"
    reason = "so"
    expires = 2027-01-31
    <BLANKLINE>
    """
    before = parse(text, path).waivers
    try:
        block = _block(waiver).encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError("a waiver can't hold bytes that are not UTF-8", do="omit --subject") from None
    separator = b"" if not text else b"\n" if text.endswith(b"\n") else b"\n\n"
    result = text + separator + block
    try:
        after = parse(result, path).waivers
    except UsageError as error:
        raise UsageError(
            f"the settings can't be extended at their end: {error.what}",
            where=path,
            do=f"add it yourself:\n{_block(waiver)}",
        ) from error
    if after != (*before, waiver):
        raise UsageError("the waiver can't be added", where=path, do=f"add it yourself:\n{_block(waiver)}")
    return result


def _block(waiver: Waiver) -> str:
    lines = ["[[waiver]]", f"id = {_quoted(waiver.id)}"]
    lines += [f"subject = {_quoted(waiver.subject)}"] if waiver.subject else []
    lines.append(f"reason = {_quoted(waiver.reason)}")
    lines += [f"author = {_quoted(waiver.author)}"] if waiver.author else []
    lines += [f"created = {waiver.created}"] if waiver.created is not None else []
    lines += [f"expires = {waiver.expires}"] if waiver.expires is not None else []
    lines += [f"severity = {_quoted(waiver.severity)}"] if waiver.severity else []
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, but TOML also wants DEL escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
