"""Text of a container's log or of its health check, as it may be shown: one line of limited length, without secrets."""

from doctor.facts.secrets.redact import MASK, redact
from doctor.model.message import flat

LONGEST = 300
"""Characters that are shown."""

# Programs print secrets with less order than settings files hold them: "password: x", "using token x", a bare key.
_NAMED = r"(?i)(?<![\w.-])([\w.-]*(?:passw(?:or)?d|passphrase|secret|token|credentials?|(?:api|access|private)[_-]?key|(?:pass|pwd)(?=[\"']?\s*[:=]))s?\b[\"']?\s*(?:[:=]+|\bis\b)?\s*)(?![=:]|\*{3}|(?:is|was|not|has|for|in|of|and|or|the|at|to|from|file|must|missing|required|invalid|expired|incorrect|authentication)\b)[^\s,;]+"
_BARE = r"(?<![\w/.+=-])(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{24,}(?![\w/.])"


def shown_line(text: str, longest: int = LONGEST) -> str:
    r"""Return the text of a program as one line that may be shown.

    >>> shown_line("FATAL: no config\x1b[0m,\n password=hunter2")
    'FATAL: no config?[0m, password=***'
    >>> shown_line("login with password hunter2 failed, password is required")
    'login with password *** failed, password is required'
    >>> shown_line("created the user admin, DB_PASS: hunter2")
    'created the user admin, DB_PASS: ***'
    """
    import re  # noqa: PLC0415 - only a container that fails has such a text

    line = "".join(one if one.isprintable() else "?" for one in flat(text))
    line = re.sub(_BARE, MASK, re.sub(_NAMED, rf"\g<1>{MASK}", redact(line)))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
