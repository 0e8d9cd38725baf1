"""Cases of volumes: their database, their options, their directories."""

from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import OPTIONS_FILE, PAGE, ROOT
from tests.cases.state.databases import broken_freelist, flipped, garbage

VOLUMES = f"{ROOT}/volumes/metadata.db"
OPTIONS = f"{ROOT}/volumes/scratch/opts.json"

CASES = (
    Recipe(
        problem="volume-record-corrupt",
        name="refused",
        about="one flipped bit in the record of a volume, which dockerd then skips",
        parts=("image", "volumes"),
        change=lambda tree: flipped(tree, b'"Name":"scratch"', b'"Name":"scratch&', VOLUMES),
        findings=(("volume-record-corrupt", "file", f"/{VOLUMES}"),),
        after={VOLUMES: roots.volume_database()},
    ),
    Recipe(
        problem="volume-record-corrupt",
        name="healthy",
        about="records as the engine writes them",
        parts=("image", "volumes"),
    ),
    Recipe(
        problem="volume-db-corrupt",
        name="freelist",
        about="the page of free pages in the volume database is overwritten",
        parts=("volumes",),
        change=lambda tree: tree.put(VOLUMES, broken_freelist(tree.read(VOLUMES))),
        findings=(("volume-db-corrupt", "file", f"/{VOLUMES}"),),
    ),
    Recipe(
        problem="volume-db-corrupt",
        name="garbage",
        about="the whole volume database is garbage; a volume's options are in its opts.json",
        parts=("volumes",),
        change=lambda tree: tree.put(VOLUMES, garbage()),
        findings=(("volume-db-corrupt", "file", f"/{VOLUMES}"),),
    ),
    Recipe(problem="volume-db-corrupt", name="healthy", about="the volume database is whole", parts=("volumes",)),
    Recipe(
        problem="volume-db-missing",
        name="empty",
        about="the volume database has no byte",
        parts=("volumes",),
        change=lambda tree: tree.put(VOLUMES),
        findings=(("volume-db-missing", "file", f"/{VOLUMES}"),),
    ),
    Recipe(
        problem="volume-db-missing",
        name="no-volumes",
        about="a new engine without volumes",
        parts=(),
        change=lambda tree: tree.directory(f"{ROOT}/volumes"),
    ),
    Recipe(
        problem="volume-opts-corrupt",
        name="empty",
        about="one volume's opts.json has no byte and keeps the whole engine down",
        parts=("volumes",),
        change=lambda tree: tree.put(OPTIONS),
        findings=(("volume-opts-corrupt", "volume", "scratch"),),
        after={OPTIONS: OPTIONS_FILE},
    ),
    Recipe(
        problem="volume-opts-corrupt",
        name="not-needed",
        about="a volume without options has an empty opts.json",
        parts=("volumes",),
        change=lambda tree: tree.put(f"{ROOT}/volumes/data/opts.json"),
        findings=(("volume-opts-corrupt", "volume", "data"),),
    ),
    Recipe(problem="volume-opts-corrupt", name="healthy", about="the options can be read", parts=("volumes",)),
    Recipe(
        problem="volume-opts-missing",
        name="deleted",
        about="a volume's opts.json is deleted, so its tmpfs is no longer mounted",
        parts=("volumes",),
        change=lambda tree: tree.remove(OPTIONS),
        findings=(("volume-opts-missing", "volume", "scratch"),),
        after={OPTIONS: OPTIONS_FILE},
    ),
    Recipe(problem="volume-opts-missing", name="healthy", about="the options are there", parts=("volumes",)),
    Recipe(
        problem="volume-dir-missing",
        name="not-mounted",
        about="the directory of a volume is not there, as when its file system is not mounted",
        parts=("volumes",),
        change=lambda tree: tree.remove(f"{ROOT}/volumes/data"),
        findings=(("volume-dir-missing", "volume", "data"),),
        fix="guarded",
    ),
    Recipe(
        problem="volume-dir-missing",
        name="of-another-driver",
        about="a volume of a plugin has no directory",
        parts=("volumes",),
        change=lambda tree: tree.put(
            VOLUMES,
            roots.write(
                roots.Bucket(
                    buckets={
                        b"volumes": roots.Bucket(
                            keys={b"remote": b'{"Name":"remote","Driver":"sshfs","Labels":null,"Options":{"a":"b"}}'}
                        )
                    }
                ),
                page_size=PAGE,
            ),
        ),
    ),
)
