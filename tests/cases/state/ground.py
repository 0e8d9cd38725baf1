"""Cases of what the engine's own files stand on: identity, swarm, plugins, volumes' data, attributes, other roots."""

from tests.cases.state.backups import kept
from tests.cases.state.roots import ROOT, Tree

ENGINE_ID = f"{ROOT}/engine-id"
UUID = "79df9557-7c01-4da0-a66a-c0267b6472c6"


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
)
