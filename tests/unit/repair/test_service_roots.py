"""Which locks stand in the way of a write: those of the engine, or those of a containerd that is a service of its own."""

from msgspec.structs import replace

from doctor.repair.runs.record import PlanRecord

SERVICE = ("/var/lib/containerd", "/mnt/disk/containerd")
RECORD = PlanRecord(
    run="1",
    doctor="0",
    started=0.0,
    root="/",
    actions=(),
    data_roots=("/var/lib/docker", *SERVICE),
    service_roots=SERVICE,
)


def test_a_service_that_runs_is_no_reason_to_leave_the_engine_alone() -> None:
    """An ordinary host runs one beside every stopped engine."""
    assert RECORD.locked_with("/var/lib/docker/overlay2/l/A") == ("/var/lib/docker",)


def test_what_a_service_holds_is_guarded_by_its_own_locks() -> None:
    """By its configured place, and by the real one."""
    assert RECORD.locked_with("/mnt/disk/containerd/x") == SERVICE
    assert RECORD.locked_with("/var/lib/containerd/x") == SERVICE
    assert RECORD.locked_with("/etc/docker/daemon.json") == ()


def test_of_one_root_in_the_other_nobody_may_hold_either() -> None:
    """A service may have been given a place in the engine's root, or one that the engine's lies in."""
    inside = replace(RECORD, data_roots=("/var/lib/docker", "/var/lib/docker/c"), service_roots=("/var/lib/docker/c",))
    assert inside.locked_with("/var/lib/docker/c/x") == ("/var/lib/docker/c", "/var/lib/docker")
    assert inside.locked_with("/var/lib/docker/x") == ("/var/lib/docker",)
    around = replace(RECORD, data_roots=("/var/lib/docker", "/var/lib"), service_roots=("/var/lib",))
    assert around.locked_with("/var/lib/docker/x") == ("/var/lib", "/var/lib/docker")
    assert around.locked_with("/var/lib/x") == ("/var/lib",)
