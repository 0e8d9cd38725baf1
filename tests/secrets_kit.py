"""Secrets of forty kinds, each with a canary that a search finds, also where only a piece of it leaks."""

import base64
import re

CANARY = "c4n4ry"

_VALUES = (
    "{c}", "{c}-with-dash", "{c}_under", "{c}.dot.{c}", "{c}/slash/{c}", "{c}@at{c}", "{c}:colon{c}", "{c}#hash{c}", "{c}%40enc{c}",
    "{c}?q={c}", "{c}&and{c}", "{c}=equals{c}", "{c}==", "{c}+plus+{c}", "{c}~{c}", "{c}!bang{c}", "{c}$dollar{c}", "{c};semi{c}",
    "{c},comma{c}", "({c})", "[{c}]", "{{{c}}}", "<{c}>", "{c}|pipe{c}", "{c}^{c}", "{c}*{c}", "/{c}/path", "-{c}", "--{c}", "0{c}",
    "true{c}", "eyJ{c}.eyJ{c}.sig{c}", "ghp_{c}0000", "AKIA{c}0000", "{c} two words {c}", "ümlaut{c}", "{c}\\back{c}", "p@ss/w0rd:{c}",
    "https://hooks.example/{c}?token={c}", "user:{c}",
)  # fmt: skip


def kinds(number: int) -> list[str]:
    """Return one value of each kind, with the canary of this number."""
    canary = f"{CANARY}{number:04d}x"
    return [text.replace("{{", "{").replace("}}", "}").replace("{c}", canary) for text in _VALUES]


def found_in(content: bytes) -> list[str]:
    """Return what is around each canary in bytes, also where it is encoded: base64 at each of its three offsets, hex, UTF-16, reversed."""
    plain = CANARY.encode()
    forms = {plain, plain.upper(), plain.hex().encode(), plain[::-1], CANARY.encode("utf-16-le")}
    for lead in range(3):
        # Only the characters that depend on nothing before or after.
        text = base64.b64encode(bytes(lead) + plain)
        forms.add(text[-(-lead * 8 // 6) : (lead + len(plain)) * 8 // 6])
    return [
        f"{form!r}: {content[max(0, place.start() - 80) : place.end() + 60]!r}"
        for form in sorted(forms)
        for place in re.finditer(re.escape(form), content)
    ]
