"""Containers with links: engine 29 does not set their variables."""

from functools import partial

from tests.cases.containers.stories import ROOT, stopped
from tests.cases.recipe import Recipe

NOW = """live = true
[[api]]
path = "/version"
body = '{"Version": "%s", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}'
[[process]]
pid = 412
argv = ["/usr/bin/dockerd"]
exe = "/usr/bin/dockerd"
"""
LINK = ["/db:/web/db"]
case = partial(
    Recipe,
    area="containers",
    parts=ROOT,
    problem="link-variables-gone",
    select=("containers/link-variables-gone",),
    fix="manual",
)

CASES = (
    case(
        name="linked",
        about="a container of the default network was created with --link, and engine 29 runs",
        change=stopped(Links=LINK),
        answers=NOW % "29.7.2",
        findings=(("link-variables-gone", "engine", "links"),),
    ),
    case(name="healthy-28", about="engine 28 sets the variables", change=stopped(Links=LINK), answers=NOW % "28.5.2"),
    case(
        name="healthy-own-network",
        about="links in a network of one's own never had variables",
        change=stopped(Links=LINK, NetworkMode="mesh"),
        answers=NOW % "29.7.2",
    ),
    case(name="healthy", about="no links", change=stopped(), answers=NOW % "29.7.2"),
)
