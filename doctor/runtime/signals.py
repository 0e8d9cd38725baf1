"""The C module below `signal`, without the enumerations (3 ms) that the public one builds at import."""

from doctor.runtime.values import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
else:
    import _signal as signal

__all__ = ["signal"]
