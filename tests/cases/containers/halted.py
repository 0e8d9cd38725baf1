"""Cases of a running container, ``web``, whose programs are stopped by a signal or frozen."""

from functools import partial

from tests.cases import roots
from tests.cases.containers.should_run import RUNS, web, with_runtime_state
from tests.cases.containers.stories import NOW
from tests.cases.recipe import Recipe
from tests.cases.roots import Tree

case = partial(Recipe, area="containers", parts=("image", "container", "network"), fix="manual", answers=NOW)
UNIFIED = "30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
FREEZER = "31 22 0:27 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
GROUP = f"docker/{roots.WEB}"


def process(pid: int, program: str, *arguments: str, state: str = "S") -> str:
    """A process of the host."""
    words = ", ".join(f'"{word}"' for word in (program, *arguments))
    group = f'cgroup = "/{GROUP}"\n' if pid == 4242 else ""
    return f'\n[[process]]\npid = {pid}\nstate = "{state}"\nexe = "{program}"\nargv = [{words}]\n{group}'


def runs(table: str = UNIFIED, *, frozen: str = "0", is_paused: bool = False, **files: str) -> partial[None]:
    """The container runs; whether its v2 group is frozen; other files by path."""

    def change(tree: Tree) -> None:
        with_runtime_state(web({**RUNS, "Paused": is_paused}))(tree)
        tree.put("proc/self/mountinfo", table)
        tree.put("proc/4242/cgroup", f"4:freezer:/{GROUP}\n0::/{GROUP}\n")
        tree.put(f"sys/fs/cgroup/{GROUP}/cgroup.events", f"populated 1\nfrozen {frozen}\n")
        tree.put(f"sys/fs/cgroup/{GROUP}/cgroup.freeze", f"{frozen}\n")
        for path, content in files.items():
            tree.put(path, content)

    return partial(change)


WEB = (("halted", "container", "web"),)
CASES = (
    case(
        problem="halted",
        name="stopped",
        about="somebody stopped the first process with kill -STOP",
        change=runs(),
        answers=NOW + process(4242, "/web", state="T"),
        findings=WEB,
    ),
    case(
        problem="halted",
        name="frozen",
        about="a program froze its control group and died: the process sleeps as usual",
        change=runs(frozen="1"),
        answers=NOW + process(4242, "/web"),
        findings=WEB,
    ),
    case(
        problem="halted",
        name="frozen-above",
        about="with control groups version 1, the group of all containers is frozen",
        change=runs(
            FREEZER,
            **{
                f"sys/fs/cgroup/freezer/{GROUP}/freezer.state": "FROZEN\n",
                f"sys/fs/cgroup/freezer/{GROUP}/freezer.self_freezing": "0\n",
                "sys/fs/cgroup/freezer/docker/freezer.self_freezing": "1\n",
            },
        ),
        answers=NOW + process(4242, "/web", state="D"),
        findings=WEB,
    ),
    case(
        problem="halted",
        name="healthy-paused",
        about="docker pause froze it, and the engine lists it as paused",
        change=runs(frozen="1", is_paused=True),
        answers=NOW + process(4242, "/web"),
    ),
    case(
        problem="halted",
        name="healthy-debugged",
        about="a debugger holds its first process",
        change=runs(),
        answers=NOW + process(4242, "/web", state="t"),
    ),
)
