"""Runs the test containers of a repair: those of named probes, and one for each repaired image."""

from doctor.cli.common import SharedOptions
from doctor.collect.images.samples import samples_of
from doctor.facts.layers.graph import LayerGraph
from doctor.host.base import Host
from doctor.model.probe_result import ProbeResult
from doctor.plugins.catalog import Catalog
from doctor.repair.proof.prove import Prove, ProveImages
from doctor.scan.prove import prove
from doctor.scan.resolve import Facts

_MOST_IMAGES = 40


def prover(host: Host, catalog: Catalog, shared: SharedOptions) -> Prove:
    """Return a function that runs the named probes, skipping unknown ones."""

    def launch(names: tuple[str, ...]) -> tuple[ProbeResult, ...]:
        wanted = tuple(name for name in names if name in catalog.probes)
        return prove(catalog, Facts(host), wanted, progress=shared.progress)

    return launch


def image_prover(host: Host, catalog: Catalog, shared: SharedOptions) -> ProveImages:
    """Return a function that mounts the images with the given ids and compares them with their layers."""

    def mount(identities: tuple[str, ...]) -> tuple[ProbeResult, ...]:
        graph = Facts(host).get(LayerGraph)
        if not isinstance(graph, LayerGraph) or "image" not in catalog.probes:
            return ()
        chosen = [graph.images.configs[identity] for identity in identities if identity in graph.images.configs]
        repaired = [config for config in chosen if config.chain]
        samples = samples_of(host, graph, repaired, repaired[:_MOST_IMAGES])
        return prove(catalog, Facts(host, (samples,)), ("image",), progress=shared.progress)

    return mount
