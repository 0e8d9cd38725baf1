"""Cases that need a container of their own: one that should run, and was killed at its memory limit."""

from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import WEB, Tree

KILL = f"""live = true
now = 1764000000

[[process]]
pid = 412
argv = ["/usr/bin/dockerd"]
exe = "/usr/bin/dockerd"

[[api]]
path = "/version"
body = '{{"Version": "26.1.5", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}}'

[[statfs]]
path = "/"

[kernel_log]
now = 90000.0
text = "<6>[89990.000001] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/docker/{WEB},task_memcg=/docker/{WEB},task=java,pid=7,uid=0"
"""


def killed(tree: Tree) -> None:
    """The engine recorded that the container itself was killed, and its restart policy starts it again."""
    settings = roots.config_of("web", WEB, HasBeenManuallyStopped=False)
    settings["State"] |= {"Running": False, "Pid": 0, "ExitCode": 137, "OOMKilled": True}
    roots.put_container(tree, "web", settings, roots.host_config(RestartPolicy={"Name": "always"}))


CASES = (
    Recipe(
        area="resources",
        problem="oom-killed",
        name="healthy-said-elsewhere",
        about="a container that should run was killed, which is a finding of containers/out-of-memory",
        parts=("image", "container", "network"),
        change=killed,
        answers=KILL,
    ),
    Recipe(
        area="resources",
        problem="oom-killed",
        name="a-part-of-it",
        about="the container runs, and one of its programs was killed",
        parts=("image", "container", "network"),
        answers=KILL,
        findings=(("oom-killed", "container", "web"),),
        fix="manual",
    ),
)
