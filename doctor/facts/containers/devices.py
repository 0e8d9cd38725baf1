"""Devices that a driver of the engine adds to a container."""

from msgspec import Struct


class DeviceRequest(Struct, frozen=True, kw_only=True):
    """Devices that a driver of the engine adds: ``nvidia``, ``cdi``, or "" for any that has the capabilities ("gpu")."""

    driver: str
    ids: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
