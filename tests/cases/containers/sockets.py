"""Cases of a container, ``web``, that mounts a socket of the host."""

from collections.abc import Callable
from functools import partial

from tests.cases.containers.should_run import RUNS, web, with_runtime_state
from tests.cases.containers.stories import NOW
from tests.cases.recipe import Recipe
from tests.cases.roots import Tree

case = partial(Recipe, area="containers", parts=("image", "container", "network"), fix="manual")
PATH = "/run/postgresql/.s.PGSQL.sock"
BIND = {"/s": {"Source": PATH, "Destination": "/s", "RW": True, "Name": "", "Driver": "", "Type": "bind"}}
SOCKET = {"path": PATH, "type": "socket"}
STALE = "0:25 /postgresql/.s.PGSQL.sock//deleted /s"


def mounted(*seen: str) -> Callable[[Tree], None]:
    """The container mounts the socket; lines of its own mount table."""

    def change(tree: Tree) -> None:
        with_runtime_state(web(RUNS, MountPoints=BIND))(tree)
        rows = ["80 0:50 / / rw - overlay overlay rw", *(f"90 {one} rw - tmpfs tmpfs rw" for one in seen)]
        tree.put("proc/4242/mountinfo", "".join(f"{91 + number} {row}\n" for number, row in enumerate(rows)))

    return change


CASES = (
    case(
        problem="socket-mount-stale",
        name="restarted",
        about="the database restarted and recreated its socket; the container still has the deleted one",
        change=mounted(STALE),
        answers=NOW,
        files=(SOCKET,),
        findings=(("socket-mount-stale", "socket", PATH),),
    ),
    case(
        problem="socket-mount-stale",
        name="healthy",
        about="the container has the present socket",
        change=mounted("0:25 /postgresql/.s.PGSQL.sock /s"),
        answers=NOW,
        files=(SOCKET,),
    ),
    case(
        problem="socket-mount-stale",
        name="healthy-other-file",
        about="another file that the container mounts was deleted, not the socket",
        change=mounted("0:25 /postgresql/.s.PGSQL.sock /s", "8:1 /srv/notes//deleted /notes"),
        answers=NOW,
        files=(SOCKET,),
    ),
)
