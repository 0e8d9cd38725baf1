"""Cases of what the engine's own files stand on: identity, swarm, plugins, volumes' data, attributes, other roots."""

from tests.cases.state.backups import kept
from tests.cases.state.recipe import Recipe
from tests.cases.state.roots import MOUNT, ROOT, WEB, Tree

ENGINE_ID = f"{ROOT}/engine-id"
UUID = "79df9557-7c01-4da0-a66a-c0267b6472c6"


CONTAINER = f"{ROOT}/containers/{WEB}"
BOTH = ("image", "container", "network")
IMMUTABLE = 0x10
APPEND_ONLY = 0x20


def held(name: str, flags: int = IMMUTABLE) -> dict[str, object]:
    """A file as ``chattr`` leaves it."""
    return {"path": f"/{name}", "flags": flags}


def identity(tree: Tree) -> None:
    """An identity as engines since 24.0 make it."""
    tree.put(ENGINE_ID, UUID)


RECIPES = (
    kept(
        "engine-id-wrong",
        "one bit of the engine's identity flipped, and what is left is a UUID too",
        lambda tree: tree.put(ENGINE_ID, UUID.replace("79df", "78df")),
        ("engine-id-wrong", "file", f"/{ENGINE_ID}"),
        name="flipped-bit",
        before=identity,
        after={ENGINE_ID: UUID.encode()},
    ),
    kept(
        "engine-id-wrong",
        "the middle of the engine's identity was overwritten by letters that no engine writes",
        lambda tree: tree.put(ENGINE_ID, UUID.replace("7c01-4da0", "!x$%/&()=")),
        ("engine-id-wrong", "file", f"/{ENGINE_ID}"),
        name="no-form",
        before=identity,
        after={ENGINE_ID: UUID.encode()},
    ),
    kept(
        "engine-id-wrong",
        "somebody gave the engine of a cloned machine a new identity",
        lambda tree: tree.put(ENGINE_ID, "11111111-7c01-4da0-a66a-c0267b6472c6"),
        name="another",
        before=identity,
    ),
    Recipe(
        problem="immutable-attribute",
        name="network-database",
        about="somebody made the network database immutable to keep a network from being removed",
        parts=BOTH,
        findings=(("immutable-attribute", "file", f"/{ROOT}/network/files/local-kv.db"),),
        files=(held(f"{ROOT}/network/files/local-kv.db"),),
    ),
    Recipe(
        problem="immutable-attribute",
        name="of-a-container",
        about="a container's directory, its hosts file and its config are immutable or append-only",
        parts=BOTH,
        change=lambda tree: tree.put(f"{CONTAINER}/hosts", "127.0.0.1 localhost\n"),
        findings=tuple(
            ("immutable-attribute", "file", f"/{name}")
            for name in (CONTAINER, f"{CONTAINER}/config.v2.json", f"{CONTAINER}/hosts")
        ),
        files=(
            held(f"{CONTAINER}/hosts"),
            held(f"{CONTAINER}/config.v2.json", APPEND_ONLY),
            held(CONTAINER),
        ),
    ),
    Recipe(
        problem="immutable-attribute",
        name="mount-point",
        about="the empty directory beneath a disk that is not mounted was made immutable on purpose",
        parts=(),
        change=lambda tree: tree.directory(ROOT),
        findings=(("immutable-attribute", "file", f"/{ROOT}"),),
        fix="manual",
        files=(held(ROOT),),
    ),
    Recipe(
        problem="immutable-attribute",
        name="log-and-stranger",
        about="a log that can only grow, and an immutable file in what a container wrote",
        parts=BOTH,
        change=lambda tree: (
            tree.put(f"{CONTAINER}/{WEB}-json.log"),
            tree.put(f"{ROOT}/overlay2/{MOUNT}/diff/kept", "x"),
        ),
        files=(held(f"{CONTAINER}/{WEB}-json.log", APPEND_ONLY), held(f"{ROOT}/overlay2/{MOUNT}/diff/kept")),
    ),
)
