"""Questions about a packet's route, and the kernel's answers: routing is asked, never modelled."""

from doctor.formats.netlink.lookups import UNKNOWN as UNKNOWN  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.lookups import RouteAnswer as RouteAnswer  # noqa: PLC0414 - part of the fact
from doctor.formats.netlink.lookups import RouteQuestion as RouteQuestion  # noqa: PLC0414 - part of the fact
