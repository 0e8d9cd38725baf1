"""A kernel setting of the machine in a host that is a container of it."""

from pathlib import Path

from doctor.plugins.load import load as load_catalog
from doctor.repair.planning.plan import make_plan
from tests.cases.case import find

CATALOG = load_catalog()


def test_what_only_the_machine_can_set_is_no_repair(tmp_path: Path) -> None:
    """In another network namespace the kernel has nf_conntrack_max with mode 0444: root can't write it, and the advice says where."""
    host = find("network/conntrack-full/almost").build(tmp_path)
    (tmp_path / "proc/sys/net/netfilter/nf_conntrack_max").chmod(0o444)
    plan = make_plan(host, CATALOG, CATALOG.choose(("network",), ()))
    assert plan.actions == ()
    (left,) = plan.manual
    assert "only on the machine itself: sysctl -w net.netfilter.nf_conntrack_max=131072" in left.why
