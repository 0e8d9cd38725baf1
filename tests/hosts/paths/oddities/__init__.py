"""All oddities: importing this package fills the registry."""

from tests.hosts.paths.oddities import (
    bridge_rules,
    inside,
    ipsec,
    ipt_rules,
    links,
    nft_rules,
    rare_routes,
    rare_rules,
    rare_settings,
    routing,
    services,
    settings,
    sizes,
)
from tests.hosts.paths.oddities.registry import REGISTRY, draw

__all__ = [
    "REGISTRY",
    "bridge_rules",
    "draw",
    "inside",
    "ipsec",
    "ipt_rules",
    "links",
    "nft_rules",
    "rare_routes",
    "rare_rules",
    "rare_settings",
    "routing",
    "services",
    "settings",
    "sizes",
]
