"""Cases of a container that shares the network of ``web``, which restarted since."""

import json
from collections.abc import Callable
from functools import partial

from tests.cases import roots
from tests.cases.containers.stories import NOW
from tests.cases.recipe import Recipe
from tests.cases.roots import WEB, Tree, hex_id

USER = hex_id("container user")
case = partial(
    Recipe,
    area="containers",
    problem="shared-network-stale",
    parts=("image", "container", "network"),
    select=("containers/shared-network-stale",),
    fix="manual",
)
HOST = {"inode": 4026531840, "links": [{"index": 1, "name": "lo", "flags": 0x10049}]}
LO = {"index": 1, "name": "lo", "flags": 0x10049}
ETH0 = {"index": 7, "name": "eth0", "kind": "veth", "flags": 0x11043, "peer_index": 8, "peer_namespace": 0}


def pair(*, web_runs: bool = True, mode: str = f"container:{WEB}") -> Callable[[Tree], None]:
    """Both containers; their processes run."""

    def change(tree: Tree) -> None:
        web = roots.config_of("web", WEB)
        web["State"] |= {"Running": web_runs, "Pid": 900 if web_runs else 0}
        roots.put_container(tree, "web", web, roots.host_config())
        user = roots.config_of("user", USER)
        user["State"] |= {"Running": True, "Pid": 901}
        user["NetworkSettings"]["Networks"] = {}
        roots.put_container(tree, "user", user, roots.host_config(NetworkMode=mode))
        for pid, identity in ((900, WEB), (901, USER))[not web_runs :]:
            tree.put(f"proc/{pid}/cgroup", f"0::/docker/{identity}\n")

    return change


def answers(web: int, user: int, *, has_link: bool = False) -> str:
    """The inodes of the namespaces; without one the process does not run."""
    places = [HOST, {"pid": 901, "inode": user, "links": [LO, ETH0] if has_link else [LO]}]
    if web:
        places.append({"pid": 900, "inode": web, "links": [LO, ETH0]})
    return NOW + "".join(f"\n[[network]]\n{_table(one)}" for one in places)


def _table(one: dict[str, object]) -> str:
    lines = []
    for key, value in one.items():
        if isinstance(value, list):
            rows = ", ".join(
                "{" + ", ".join(f"{name} = {json.dumps(item)}" for name, item in row.items()) + "}" for row in value
            )
            lines.append(f"{key} = [{rows}]\n")
        else:
            lines.append(f"{key} = {value}\n")
    return "".join(lines)


FOUND = (("shared-network-stale", "container", "web"),)
CASES = (
    case(
        name="restarted",
        about="a VPN container restarted; the container that uses its network still has the old namespace, and no interface",
        change=pair(),
        answers=answers(4026532900, 4026532800),
        findings=FOUND,
    ),
    case(
        name="named",
        about="the same, and the mode has the name of the container",
        change=pair(mode="container:web"),
        answers=answers(4026532900, 4026532800),
        findings=FOUND,
    ),
    case(
        name="stopped",
        about="the VPN container was stopped",
        change=pair(web_runs=False),
        answers=answers(0, 4026532800),
        findings=FOUND,
    ),
    case(
        name="healthy",
        about="both are in one namespace",
        change=pair(),
        answers=answers(4026532900, 4026532900, has_link=True),
    ),
)
