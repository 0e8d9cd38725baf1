"""Cases of what crashes leave over: records, directories and files that nothing needs, or that nothing knows any more."""

import json

from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import IMAGE, MOUNT, ROOT, STORE, TOP, Tree, link_name
from tests.cases.state.layers import BOTH, OVERLAY
from tests.cases.state.overlay2 import directory

OLD = roots.hex_id("old layer")
BUILT = "zyxwvutsrq9876543210abcde"
ALL = ("image", "container", "network", "buildkit")


def orphan(tree: Tree) -> None:
    """A whole layer directory that no record names."""
    roots.overlay(tree, OLD)
    tree.put(f"{OVERLAY}/{OLD}/diff/file", "left\n")
    tree.entries.pop(f"{OVERLAY}/{OLD}/diff")


def built_orphan(tree: Tree) -> None:
    """A directory of BuildKit's form that none of its databases holds."""
    roots.overlay(tree, BUILT)


def known_to_buildkit(tree: Tree) -> None:
    """A directory that only another database of BuildKit than its list of snapshots mentions."""
    built_orphan(tree)
    value = json.dumps({"value": BUILT}, separators=(",", ":")).encode()
    records = Bucket(buckets={b"item": Bucket(keys={b"cache.snapshot": value})})
    tree.put(f"{ROOT}/buildkit/metadata_v2.db", write(Bucket(buckets={b"_main": records}), page_size=roots.PAGE))


def unfinished(tree: Tree) -> None:
    """The files of an interrupted pull: a write set, and the layer's directory."""
    tree.put(f"{STORE}/layerdb/tmp/write-set-42/diff", TOP.diff)


def lost_pair(tree: Tree) -> None:
    """A container's two directories without any record of it."""
    name = roots.hex_id("mount lost")
    roots.overlay(tree, f"{name}-init", (TOP.directory, roots.BASE.directory))
    roots.overlay(tree, name, (f"{name}-init", TOP.directory, roots.BASE.directory), committed=False)
    tree.put(f"{OVERLAY}/{name}/diff/work", "days of it\n")
    tree.entries.pop(f"{OVERLAY}/{name}/diff")


def wrong_hosts(tree: Tree) -> None:
    """An init layer as the engine makes it, but for a directory where hosts belongs."""
    good_init(tree)
    tree.remove(f"{INIT}/etc/hosts")
    tree.directory(f"{INIT}/etc/hosts")
    tree.remove(f"{INIT}/.dockerenv")
    tree.directory(f"{INIT}/.dockerenv")


def good_init(tree: Tree) -> None:
    """An init layer as the engine makes it."""
    tree.remove(INIT)
    for folder in ("dev/pts", "dev/shm", "proc", "sys"):
        tree.directory(f"{INIT}/{folder}")
    for file in (".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf"):
        tree.put(f"{INIT}/{file}")
    tree.link(f"{INIT}/etc/mtab", "/proc/mounts")


LIVE = "live = true\n"
MERGED = f"/{OVERLAY}/{MOUNT}/merged"
UPPER = f"upperdir=/{OVERLAY}/{MOUNT}/diff,workdir=/{OVERLAY}/{MOUNT}/work"


def mounted(tree: Tree, lower: tuple[str, ...], fs_type: str = "overlay") -> None:
    """Something is mounted where the container's file system belongs."""
    options = f"rw,lowerdir={':'.join(f'/{OVERLAY}/l/{link_name(name)}' for name in lower)},{UPPER}"
    tree.directory(MERGED.lstrip("/"))
    tree.put(
        "proc/self/mountinfo",
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"90 1 0:50 / {MERGED} rw,relatime - {fs_type} {fs_type} {options if fs_type == 'overlay' else 'rw'}\n",
    )


OWN = (f"{MOUNT}-init", TOP.directory, roots.BASE.directory)
INIT = f"{OVERLAY}/{MOUNT}-init/diff"
PARENT = f"{STORE}/imagedb/metadata/sha256/{IMAGE}/parent"
HOLLOW = roots.hex_id("container hollow")
STRAY = roots.hex_id("container stray")


def _no_image_left(tree: roots.Tree) -> None:
    tree.put(f"{roots.STORE}/repositories.json", '{"Repositories":{}}')
    tree.directory(f"{roots.STORE}/imagedb/content/sha256")
    tree.directory(f"{roots.STORE}/layerdb/sha256")
    roots.overlay(tree, roots.hex_id("leak"), ())


OVERLAY2 = ("layer-orphan", "directory", "overlay2")

CASES = (
    Recipe(
        problem="layer-orphan",
        name="after-interrupted-pull",
        about="an interrupted pull left the directory of a layer, which no prune frees",
        parts=ALL,
        change=orphan,
        findings=(OVERLAY2,),
    ),
    Recipe(
        problem="layer-orphan",
        name="of-the-build-cache",
        about="the build cache forgot a directory, and all its databases can be read",
        parts=ALL,
        change=built_orphan,
        findings=(OVERLAY2,),
    ),
    Recipe(
        problem="layer-orphan",
        name="no-image-left",
        about="the last image was removed, and a directory of an old leak remains",
        parts=(),
        change=_no_image_left,
        findings=(OVERLAY2,),
        fix="manual",
    ),
    Recipe(
        problem="layer-orphan",
        name="init-alone",
        about="a crash while a container was created left only its -init layer",
        parts=ALL,
        change=lambda tree: roots.overlay(tree, f"{roots.hex_id('begun')}-init", (TOP.directory, roots.BASE.directory)),
        findings=(OVERLAY2,),
    ),
    Recipe(
        problem="layer-orphan",
        name="foreign",
        about="someone made a directory of his own in overlay2",
        parts=ALL,
        change=lambda tree: tree.directory(f"{OVERLAY}/junk"),
        findings=(("layer-orphan", "layer-directory", "junk"),),
        fix="manual",
    ),
    Recipe(
        problem="layer-orphan",
        name="known-to-buildkit",
        about="one of BuildKit's databases mentions the directory",
        parts=ALL,
        change=known_to_buildkit,
    ),
    Recipe(
        problem="layer-orphan",
        name="without-buildkit",
        about="a directory of BuildKit's form, and no database that could show it",
        parts=BOTH,
        change=built_orphan,
    ),
    Recipe(
        problem="layer-orphan",
        name="stood-on",
        about="a directory without a record of its own that a container's layer stands on",
        parts=ALL,
        change=lambda tree: (
            orphan(tree),
            tree.put(f"{OVERLAY}/{roots.SNAPSHOT}/link", link_name(roots.SNAPSHOT)),
            tree.directory(f"{OVERLAY}/{roots.SNAPSHOT}/diff"),
            tree.link(f"{OVERLAY}/l/{link_name(roots.SNAPSHOT)}", f"../{roots.SNAPSHOT}/diff"),
            tree.put(
                f"{ROOT}/buildkit/snapshots.db",
                write(
                    Bucket(buckets={roots.SNAPSHOT.encode(): Bucket(keys={b"parent": OLD.encode()})}),
                    page_size=roots.PAGE,
                ),
            ),
            tree.put(f"{OVERLAY}/{roots.SNAPSHOT}/lower", f"l/{link_name(OLD)}"),
            tree.directory(f"{OVERLAY}/{roots.SNAPSHOT}/work"),
        ),
    ),
    Recipe(
        problem="container-layer-orphan",
        name="with-files",
        about="the mount record and the settings of a container are lost; its files are there",
        parts=BOTH,
        change=lost_pair,
        findings=(directory("container-layer-orphan", roots.hex_id("mount lost")),),
        fix="manual",
    ),
    Recipe(
        problem="container-layer-orphan",
        name="empty",
        about="a crash between two steps of a creation left the layer of a container that never was",
        parts=BOTH,
        change=lambda tree: (
            lost_pair(tree),
            tree.remove(f"{OVERLAY}/{roots.hex_id('mount lost')}/diff"),
            tree.directory(f"{OVERLAY}/{roots.hex_id('mount lost')}/diff"),
        ),
        findings=(directory("container-layer-orphan", roots.hex_id("mount lost")),),
        fix="manual",
    ),
    Recipe(problem="container-layer-orphan", name="healthy", about="the container has its layer", parts=BOTH),
    Recipe(
        problem="layerdb-tmp-leftover",
        name="write-set",
        about="an interrupted pull left a write set",
        change=unfinished,
        findings=(("layerdb-tmp-leftover", "layer-record", "write-set-42"),),
    ),
    Recipe(problem="layerdb-tmp-leftover", name="healthy", about="no pull was interrupted"),
    Recipe(
        problem="layer-mount-stray",
        name="empty",
        about="a creation was interrupted before anything was recorded",
        parts=BOTH,
        change=lambda tree: tree.directory(f"{STORE}/layerdb/mounts/{STRAY}"),
        findings=(("layer-mount-stray", "mount-record", STRAY[:12]),),
    ),
    Recipe(problem="layer-mount-stray", name="healthy", about="each mount record is of a container", parts=BOTH),
    Recipe(
        problem="overlay2-merged-leftover",
        name="script-wrote-there",
        about="a script wrote into a container's mount point while the container was stopped",
        parts=BOTH,
        change=lambda tree: tree.put(f"{OVERLAY}/{MOUNT}/merged/etc/passwd", "root:x:0:0::/:/bin/sh\n"),
        findings=(directory("overlay2-merged-leftover", MOUNT),),
    ),
    Recipe(
        problem="overlay2-merged-leftover",
        name="empty",
        about="a crash left the empty mount point of a running container",
        parts=BOTH,
        change=lambda tree: tree.directory(f"{OVERLAY}/{MOUNT}/merged"),
    ),
    Recipe(
        problem="overlay2-mode",
        name="open",
        about="a restore left overlay2 writable for everyone",
        parts=BOTH,
        findings=(("overlay2-mode", "directory", "overlay2"),),
        files=({"path": f"/{OVERLAY}", "mode": 0o777},),
    ),
    Recipe(
        problem="overlay2-mode",
        name="closed",
        about="someone shut the directory of short names to everyone",
        parts=BOTH,
        findings=(("overlay2-mode", "directory", "overlay2/l"),),
        files=({"path": f"/{OVERLAY}/l", "mode": 0o000},),
    ),
    Recipe(
        problem="overlay2-mode",
        name="of-somebody",
        about="someone ran chown -R on overlay2",
        parts=BOTH,
        findings=(("overlay2-mode", "directory", "overlay2"),),
        files=({"path": f"/{OVERLAY}", "mode": 0o710, "uid": 1000, "gid": 1000},),
    ),
    Recipe(
        problem="overlay2-mode",
        name="of-an-old-engine",
        about="an engine before 23 made overlay2 with mode 0701",
        parts=BOTH,
        files=({"path": f"/{OVERLAY}", "mode": 0o701},),
    ),
    Recipe(
        problem="image-content-stray",
        name="temporary-file",
        about="a crash left the temporary file of a config that was being written",
        change=lambda tree: tree.put(f"{STORE}/imagedb/content/sha256/.tmp-0123456789", "{"),
        findings=(("image-content-stray", "file", ".tmp-0123456789"),),
    ),
    Recipe(problem="image-content-stray", name="healthy", about="only configs lie among the configs"),
    Recipe(
        problem="image-metadata-corrupt",
        name="empty-parent",
        about="a power cut emptied the note which image this was built from",
        change=lambda tree: tree.put(PARENT),
        findings=(("image-metadata-corrupt", "image", IMAGE[:12]),),
        fix="manual",
    ),
    Recipe(
        problem="image-metadata-corrupt",
        name="has-no-parent",
        about="only the time of the last use is kept of an image, as usual",
        change=lambda tree: tree.put(f"{STORE}/imagedb/metadata/sha256/{IMAGE}/lastUpdated", roots.CREATED),
    ),
    Recipe(
        problem="container-dir-stray",
        name="empty-directory",
        about="an interrupted removal left the empty directory of a container",
        parts=BOTH,
        change=lambda tree: tree.directory(f"{ROOT}/containers/{HOLLOW}"),
        findings=(("container-dir-stray", "file", f"containers/{HOLLOW[:12]}"),),
    ),
    Recipe(
        problem="container-dir-stray",
        name="not-utf-8",
        about="somebody made a directory among the containers whose name is in another encoding",
        parts=BOTH,
        change=lambda tree: tree.directory(f"{ROOT}/containers/caf\udce9"),
        findings=(("container-dir-stray", "file", "containers/caf\udce9"),),
    ),
    Recipe(
        problem="container-dir-stray",
        name="file",
        about="someone keeps a note among the containers",
        parts=BOTH,
        change=lambda tree: tree.put(f"{ROOT}/containers/notes.txt", "do not delete\n"),
        findings=(("container-dir-stray", "file", "containers/notes.txt"),),
        fix="manual",
    ),
    Recipe(problem="container-dir-stray", name="healthy", about="only containers lie among the containers", parts=BOTH),
    Recipe(
        problem="overlay2-init-wrong",
        name="hosts-a-directory",
        about="a directory lies where the engine made the file over which it mounts the container's hosts",
        parts=BOTH,
        change=wrong_hosts,
        findings=(("overlay2-init-wrong", "container", "web"),),
        after={f"{INIT}/etc/hosts": b"", f"{INIT}/.dockerenv": b""},
    ),
    Recipe(
        problem="overlay2-init-wrong",
        name="etc-a-file",
        about="a file lies where the engine made a directory",
        parts=BOTH,
        change=lambda tree: (good_init(tree), tree.remove(f"{INIT}/etc"), tree.put(f"{INIT}/etc")),
        findings=(("overlay2-init-wrong", "container", "web"),),
        after={f"{INIT}/etc/hosts": b"", f"{INIT}/etc/hostname": b"", f"{INIT}/etc/resolv.conf": b""},
    ),
    Recipe(
        problem="overlay2-init-wrong",
        name="healthy",
        about="the -init layer is as the engine made it",
        parts=BOTH,
        change=good_init,
    ),
    Recipe(
        problem="mount-left-in-merged",
        name="other-layers",
        about="someone mounted a container by hand and left its image's upper layer out",
        parts=BOTH,
        change=lambda tree: mounted(tree, (f"{MOUNT}-init", roots.BASE.directory)),
        findings=(directory("mount-left-in-merged", MOUNT),),
        answers=LIVE,
    ),
    Recipe(
        problem="mount-left-in-merged",
        name="a-tmpfs",
        about="a memory file system covers a container's own",
        parts=BOTH,
        change=lambda tree: mounted(tree, (), "tmpfs"),
        findings=(directory("mount-left-in-merged", MOUNT),),
        fix="manual",
        answers=LIVE,
    ),
    Recipe(
        problem="mount-left-in-merged",
        name="its-own",
        about="the engine was killed and its mounts are still there",
        parts=BOTH,
        change=lambda tree: mounted(tree, OWN),
    ),
)
