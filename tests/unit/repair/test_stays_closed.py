"""A repair leaves closed what was closed: forwarding by a policy, IPv6, and the settings file to other users."""

import json
from collections.abc import Callable
from pathlib import Path

from doctor.host.recorded import RootHost
from doctor.model.step import File, Put
from doctor.plugins.load import load as load_catalog
from doctor.repair.apply import apply, to_record
from doctor.repair.planning.choose import parse
from doctor.repair.planning.plan import make_plan
from tests.cases.case import find

CATALOG = load_catalog()


def test_forwarding_is_closed_in_the_variant_that_is_used_from_now_on(tmp_path: Path) -> None:
    """The policy DROP goes with the other variant, and the engine sets none if forwarding is on already."""
    host = find("firewall/variant-unsupported/rules-of-a-failed-start").build(tmp_path)
    plan = make_plan(host, CATALOG, CATALOG.choose(("firewall",), ()))
    summaries = [one.summary for one in plan.actions if "policy of FORWARD" in one.summary]
    assert "set the policy of FORWARD to DROP (iptables-legacy-save)" in summaries[0]
    assert "set the policy of FORWARD to ACCEPT (iptables-nft-save)" in summaries[1]


def test_a_settings_file_with_passwords_is_not_opened_to_others(
    tmp_path: Path, state_dir: Path, quiet: Callable[[str], None]
) -> None:
    """The file that replaces one that nothing can be read in has its mode."""
    folder = tmp_path / "etc/docker"
    folder.mkdir(parents=True)
    file = folder / "daemon.json"
    file.write_bytes(b'{"proxies": \0\0\0')
    file.chmod(0o600)
    (folder / "daemon.json.bak").write_text(json.dumps({"proxies": {"https-proxy": "http://u:hunter2@proxy:3128"}}))
    host = RootHost(str(tmp_path))
    choice = parse("config/invalid-json=daemon.json.bak")
    plan = make_plan(host, CATALOG, CATALOG.choose(("config",), ()), choices=(choice,))
    assert apply(to_record(plan, host.root, "run"), host, CATALOG, prove=lambda _: (), progress=quiet).error == ""
    assert b"hunter2" in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_ipv6_that_a_benchmark_turned_off_stays_off(tmp_path: Path) -> None:
    """The module bridge needs ipv6 loaded, not in use: every service would listen at addresses that no rule guards."""
    host = find("kernel/module-blacklisted/dependency").build(tmp_path)
    plan = make_plan(host, CATALOG, CATALOG.choose(("kernel",), ()))
    (content,) = [
        step.node.content
        for one in plan.actions
        for step in one.steps
        if isinstance(step, Put) and isinstance(step.node, File)
    ]
    assert content == b"install cramfs /bin/false\noptions ipv6 disable=1\n#install ipv6 /bin/true\n"


def test_no_file_turns_forwarding_on_before_the_engine_starts(tmp_path: Path) -> None:
    """An engine that turns it on itself closes FORWARD to strangers; one that finds it on after a boot does not."""
    host = find("network/ip-forward-off/by-hand").build(tmp_path)
    plan = make_plan(host, CATALOG, CATALOG.choose(("network",), ()))
    assert [one.summary for one in plan.actions] == ["set net.ipv4.ip_forward to 1 now"]
