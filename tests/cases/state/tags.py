"""Cases of flipped bits in the names of images."""

import json
from collections.abc import Callable
from typing import Any

from doctor.state.metadata import BackupGeneration, MetadataFile, decode, encode
from tests.cases.recipe import Finding, Recipe
from tests.cases.roots import IMAGE, STORE, Tree, hex_id
from tests.cases.state.backups import STATE, kept

TAGS = f"{STORE}/repositories.json"
PROBLEM = "tag-altered"
DIGEST = f"sha256:{IMAGE}"
MANIFEST = "sha256:" + hex_id("manifest of app")
_WRITTEN = 1_700_000_000
Names = dict[str, dict[str, str]]


def written(names: Names) -> bytes:
    """A list as given, which may be one that no engine would write."""
    return json.dumps({"Repositories": names}, separators=(",", ":")).encode()


def app(*references: str) -> bytes:
    """A list of names of the one image, all beneath app."""
    return written({"app": dict.fromkeys(references, DIGEST)})


def flip(whole: bytes, old: bytes, new: bytes, problem: tuple[str, str], **more: Any) -> Recipe:
    """A case of a list in which ``new`` stands for ``old``: one bit."""
    assert sum((a ^ b).bit_count() for a, b in zip(old, new, strict=True)) == 1
    assert whole.count(old) == 1
    broken = whole.replace(old, new)
    more.setdefault("change", lambda tree: tree.put(TAGS, broken))
    if more.get("fix", "resolved") == "resolved":
        more["after"] = {TAGS: whole}
    return Recipe(problem=PROBLEM, findings=((PROBLEM, *problem),), **more)


def flip_kept(name: str, about: str, whole: bytes, old: bytes, new: bytes, *findings: Finding, **more: Any) -> Recipe:
    """The same after a scan that kept the list as it was."""
    assert whole.count(old) == 1
    if findings and more.get("fix", "resolved") == "resolved":
        more["after"] = {TAGS: whole}
    return kept(
        PROBLEM,
        about,
        lambda tree: tree.put(TAGS, whole.replace(old, new)),
        *findings,
        before=lambda tree: tree.put(TAGS, whole),
        name=name,
        parts=("image",),
        **more,
    )


def _unwritten(broken: bytes) -> Callable[[Tree], None]:
    """The list rotted where it lies: its time is that of the backup."""

    def change(tree: Tree) -> None:
        path = next(path for path in tree.entries if path.startswith(f"{STATE}/0"))
        listed = decode(tree.read(path), BackupGeneration)
        name = "image/overlay2/repositories.json"
        old = listed.files[name]
        listed.files[name] = MetadataFile(old.size, _WRITTEN * 10**9, 0, old.mode, 0, 0, old.digest)
        tree.put(path, encode(listed))
        tree.put(TAGS, broken)

    return change


TWO = app("app:1", "app:2")
ONE = app("app:latest")
PULLED = app(f"app@{MANIFEST}", "app:latest")
ODD = written(
    {
        "Reg-1.example.com:5000/team_a/app--x": {"Reg-1.example.com:5000/team_a/app--x:V1_2.3-Rc": DIGEST},
        "[fd00::1]:5000/app": {"[fd00::1]:5000/app:" + "a" * 128: DIGEST},
        "app": {"app:1": DIGEST, f"app@{MANIFEST}": DIGEST},
        "apq": {"apq:1": DIGEST},
        "localhost/app": {"localhost/app:latest": DIGEST},
        "team/" + "b" * 200: {"team/" + "b" * 200 + ":3": DIGEST},
    }
)

CASES = (
    flip(
        TWO,
        b'"app":{',
        b'"apq":{',
        ("tag", "apq"),
        name="repository",
        about="a bit of what stands above two names is flipped, which both names show",
    ),
    flip(
        TWO,
        b"app:2",
        b"aqp:2",
        ("tag", "aqp:2"),
        name="name",
        about="a bit of one of two names is flipped, which the other and the repository show",
    ),
    flip(
        ONE,
        b"app:latest",
        b"appzlatest",
        ("tag", "appzlatest"),
        name="no-reference",
        about="a bit of the colon is flipped, and what is left has no tag",
    ),
    flip(
        ONE,
        b'"app":{',
        b'"App":{',
        ("tag", "App"),
        name="no-repository",
        about="a bit of the only name's repository is flipped to what can't be one",
    ),
    flip(
        ONE,
        b'"app":{',
        b'"apq":{',
        ("tag", "app:latest"),
        name="container-tells",
        about="the only name and its repository disagree, and a container was made from the name",
        parts=("image", "container", "network"),
    ),
    flip(
        ONE,
        b'"app":{',
        b'"apq":{',
        ("tag", "app:latest"),
        name="nothing-tells",
        about="the only name and its repository disagree, and both could be",
        fix="manual",
    ),
    flip(
        written({"app": {"app:1": DIGEST}, "bin": {"bin:1": DIGEST}, "cat": {"cat:1": DIGEST}}),
        b'"bin":{',
        b'"jin":{',
        ("tag", "bin:1"),
        name="order-tells",
        about="a name and its repository disagree, and one of them doesn't stand where the engine writes it",
    ),
    flip(
        app("app:lata", "app:late", "app:latf"),
        b"app:late",
        b"app:lat%",
        ("tag", "app:lat%"),
        name="order-tells-tag",
        about="a tag has a character that none can have, and one of three letters stands in its place",
    ),
    flip(
        ONE,
        b"latest",
        b"lat%st",
        ("tag", "app:lat%st"),
        name="several-tags",
        about="a tag has a character that none can have, and three letters are one bit away",
        fix="manual",
    ),
    flip(
        ONE,
        IMAGE[:4].encode(),
        (chr(ord(IMAGE[0]) ^ 1) + IMAGE[1:4]).encode(),
        ("image", "app:latest"),
        name="digest",
        about="a bit of the digest that a name means is flipped, and the image is here",
    ),
    flip(
        ONE,
        b'"sha256:',
        b'"shq256:',
        ("image", "app:latest"),
        name="no-digest",
        about="a bit of what a name means is flipped so that it is not a digest, and the engine starts with it",
    ),
    Recipe(
        problem=PROBLEM,
        name="digest-lost",
        about="a name means nothing that can be read, and nothing differs by one bit",
        change=lambda tree: tree.put(TAGS, written({"app": {"app:latest": "sha256:"}})),
        findings=((PROBLEM, "image", "app:latest"),),
        fix="manual",
    ),
    flip(
        TWO,
        b"Repositories",
        b"Repositoriec",
        ("file", f"/{TAGS}"),
        name="list-key",
        about="a bit of the list's key is flipped, so the engine sees no name at all",
    ),
    Recipe(
        problem=PROBLEM,
        name="several-flips",
        about="four bits are flipped: in a repository, in two names and in a digest",
        change=lambda tree: tree.put(
            TAGS,
            written(
                {
                    "aqp": {"app:1": DIGEST, "app:2": DIGEST, "app:3": DIGEST},
                    "web": {"web:1": DIGEST, "weB:2": DIGEST, "web;3": DIGEST, "web:4": f"sha2%6:{IMAGE}"},
                }
            ),
        ),
        findings=(
            (PROBLEM, "image", "web:4"),
            (PROBLEM, "tag", "aqp"),
            (PROBLEM, "tag", "weB:2"),
            (PROBLEM, "tag", "web;3"),
        ),
        after={
            TAGS: written(
                {
                    "app": {"app:1": DIGEST, "app:2": DIGEST, "app:3": DIGEST},
                    "web": {"web:1": DIGEST, "web:2": DIGEST, "web:3": DIGEST, "web:4": DIGEST},
                }
            )
        },
    ),
    Recipe(
        problem=PROBLEM,
        name="healthy",
        about="names of every form that the engine writes, two repositories one bit apart among them",
        change=lambda tree: tree.put(TAGS, ODD),
    ),
    Recipe(
        problem=PROBLEM,
        name="by-hand",
        about="somebody wrote the list by hand: with blanks, in another order, and a name in its long form",
        change=lambda tree: tree.put(
            TAGS,
            json.dumps(
                {"repositories": {"web": {"web:1": DIGEST}, "app": {"docker.io/library/app:1": DIGEST}}}, indent=2
            ),
        ),
    ),
    flip_kept(
        "kept",
        "the only name and its repository disagree, and the backup has the name",
        ONE,
        b"app:latest",
        b"apq:latest",
        (PROBLEM, "tag", "apq:latest"),
    ),
    flip_kept(
        "kept-digest",
        "a digit of the digest by which an image was pulled is another than in the backup: nobody can have renamed that",
        PULLED,
        MANIFEST.encode(),
        (MANIFEST[:-1] + chr(ord(MANIFEST[-1]) ^ 1)).encode(),
        (PROBLEM, "tag", f"app@{MANIFEST[:-1]}{chr(ord(MANIFEST[-1]) ^ 1)}"),
    ),
    flip_kept(
        "kept-order",
        "a tag is one bit away from the backup's and does not stand in its place",
        app("app:blue", "app:old"),
        b"app:blue",
        b"app:rlue",
        (PROBLEM, "tag", "app:rlue"),
    ),
    flip_kept(
        "kept-twice",
        "a bit makes a name stand twice, and the backup shows which of the two was different",
        app("app:1", "app:3"),
        b"app:3",
        b"app:1",
        (PROBLEM, "tag", "app:1"),
    ),
    flip_kept(
        "kept-doubt",
        "a tag is one bit away from the backup's and fits in every way: it may have been renamed",
        app("app:stable"),
        b"stable",
        b"stabld",
        (PROBLEM, "tag", "app:stabld"),
        fix="manual",
    ),
    kept(
        PROBLEM,
        "a tag is one bit away from the backup's, and nobody has written the list since",
        _unwritten(app("app:stabld")),
        (PROBLEM, "tag", "app:stabld"),
        before=lambda tree: tree.put(TAGS, app("app:stable")),
        name="kept-unwritten",
        parts=("image",),
        files=({"path": f"/{TAGS}", "mode": 0o600, "mtime": _WRITTEN},),
        after={TAGS: app("app:stable")},
    ),
    flip_kept(
        "kept-renamed",
        "the next version of an image took the place of the one before: nothing is said",
        app("app:1.0.2"),
        b"app:1.0.2",
        b"app:1.0.3",
    ),
)
