"""A specification of the Container Device Interface costs time in proportion to its size."""

from functools import partial

from doctor.formats.host import cdi
from tests.clocks import within

_MANY = 20_000


def test_a_large_specification_is_quick() -> None:
    """Each node has another path on the host than in the container."""
    text = "".join(f"- path: /dev/n{number}\n  hostPath: /dev/h{number}\n" for number in range(_MANY))
    found = within(0.8, partial(cdi.parse, "/etc/cdi/x.yaml", text))
    assert found.needs == tuple(f"/dev/h{number}" for number in range(_MANY))
