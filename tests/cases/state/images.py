"""Cases of the image store."""

import json

from tests.cases.recipe import Recipe
from tests.cases.roots import CONFIG, IMAGE, ROOT, STORE, Tree

TAGS = f"{STORE}/repositories.json"
CONTENT = f"{STORE}/imagedb/content/sha256/{IMAGE}"
WRITTEN = json.dumps({"Repositories": {"app": {"app:latest": f"sha256:{IMAGE}"}}}, separators=(",", ":")).encode()
FILE = ("repositories-json-corrupt", "file", f"/{TAGS}")
GONE = ("repositories-json-missing", "file", f"/{TAGS}")
BROKEN = ("image-content-corrupt", "image", IMAGE[:12])
DANGLING = ("tag-dangling", "image", "app:latest")


def empty_tags(tree: Tree) -> None:
    """A power cut leaves the file without a byte."""
    tree.put(TAGS)


def torn_tags(tree: Tree) -> None:
    """The second name is cut off; no container has it."""
    tree.put(TAGS, WRITTEN[:-3] + b',"app:old":"sha256:00')


def beside(tree: Tree) -> None:
    """The file that dockerd was about to rename is whole."""
    tree.put(TAGS, "\0" * 200)
    tree.put(f"{STORE}/.tmp-repositories.json123", WRITTEN)


def flip(tree: Tree) -> None:
    """One bit of the config has changed."""
    data = bytearray(tree.read(CONTENT))
    data[20] ^= 4
    tree.put(CONTENT, bytes(data))


def buildkit_copy(tree: Tree) -> None:
    """The config is empty, BuildKit has the same bytes."""
    tree.put(CONTENT)
    tree.put(f"{ROOT}/buildkit/content/blobs/sha256/{IMAGE}", CONFIG)


def moved_copy(tree: Tree) -> None:
    """The config is gone, BuildKit has the same bytes."""
    tree.remove(CONTENT)
    tree.put(f"{ROOT}/buildkit/content/blobs/sha256/{IMAGE}", CONFIG)


CASES = (
    Recipe(
        problem="repositories-json-corrupt",
        name="empty-after-power-cut",
        about="a power cut left repositories.json without a byte; a container still has the name",
        parts=("image", "container", "network"),
        change=empty_tags,
        findings=(FILE,),
        after={TAGS: WRITTEN},
    ),
    Recipe(
        problem="repositories-json-corrupt",
        name="torn",
        about="repositories.json is cut in the middle of its second name",
        change=torn_tags,
        findings=(FILE,),
        after={TAGS: WRITTEN},
    ),
    Recipe(
        problem="repositories-json-corrupt",
        name="temporary-file-beside",
        about="repositories.json is full of NULs and the file dockerd was about to rename is whole",
        change=beside,
        findings=(FILE,),
        after={TAGS: WRITTEN},
    ),
    Recipe(
        problem="repositories-json-corrupt",
        name="bytes-behind",
        about="something stands behind the JSON value, which dockerd does not read",
        change=lambda tree: tree.put(TAGS, WRITTEN + b"\n\0\0"),
    ),
    Recipe(
        problem="repositories-json-missing",
        name="deleted",
        about="somebody deleted repositories.json to get the engine up; a container still has the name",
        parts=("image", "container", "network"),
        change=lambda tree: tree.remove(TAGS),
        findings=(GONE,),
        after={TAGS: WRITTEN},
    ),
    Recipe(
        problem="repositories-json-missing",
        name="no-image",
        about="a new engine without images has no repositories.json",
        parts=(),
        change=lambda tree: tree.directory(f"{STORE}/imagedb/content/sha256"),
    ),
    Recipe(
        problem="tag-dangling",
        name="image-gone",
        about="a name means an image whose config is gone",
        change=lambda tree: tree.remove(CONTENT),
        findings=(DANGLING, ("image-content-missing", "image", IMAGE[:12])),
        fix="none",
    ),
    Recipe(problem="tag-dangling", name="healthy", about="the one name means the one image"),
    Recipe(
        problem="image-content-corrupt",
        name="flipped-bit",
        about="one bit of an image's config has changed on disk",
        change=flip,
        findings=(BROKEN, DANGLING),
        after={CONTENT: CONFIG.encode()},
    ),
    Recipe(
        problem="image-content-corrupt",
        name="empty-with-buildkit-copy",
        about="an image's config is empty and BuildKit, which built it, has the same bytes",
        parts=("image", "buildkit"),
        change=buildkit_copy,
        findings=(BROKEN, DANGLING),
        after={CONTENT: CONFIG.encode()},
    ),
    Recipe(
        problem="image-content-corrupt",
        name="no-copy",
        about="an image's config is empty and nothing has its bytes",
        change=lambda tree: tree.put(CONTENT),
        findings=(BROKEN, DANGLING),
        fix="manual",
    ),
    Recipe(
        problem="image-content-stray",
        name="readme",
        about="a file that is not an image is among the configs",
        change=lambda tree: tree.put(f"{STORE}/imagedb/content/sha256/README", "x"),
        findings=(("image-content-stray", "file", "README"),),
    ),
    Recipe(problem="image-content-corrupt", name="healthy", about="each config has the hash of its name"),
    Recipe(
        problem="image-content-missing",
        name="with-buildkit-copy",
        about="an image's config is deleted and BuildKit, which built it, has the same bytes",
        parts=("image", "buildkit"),
        change=moved_copy,
        findings=(("image-content-missing", "image", IMAGE[:12]), DANGLING),
        after={CONTENT: CONFIG.encode()},
    ),
    Recipe(
        problem="image-store-missing",
        name="wiped",
        about="someone removed the directory image, and nothing else knows what was in it",
        parts=("image", "container", "network"),
        change=lambda tree: tree.remove(f"{ROOT}/image"),
        findings=(
            ("image-store-missing", "directory", f"/{ROOT}/image"),
            ("image-content-missing", "image", IMAGE[:12]),
            ("layer-mount-corrupt", "container", "web"),
        ),
        fix="manual",
    ),
    Recipe(
        problem="image-store-missing",
        name="new",
        about="an engine that has no images yet",
        parts=(),
    ),
    Recipe(problem="image-content-missing", name="healthy", about="everything that is named has its config"),
)
