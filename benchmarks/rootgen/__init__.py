"""The parts of a valid overlay2 data root, written without dockerd: layers, images, containers, volumes, networks."""
