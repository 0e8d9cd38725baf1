"""The engines that doctor knows: what is theirs alone, each in a folder of its own.

``places`` of an engine names where it keeps things. It is a leaf, and every room may import it, under the engine's name
(``from doctor.engines.docker import places as docker``: ``docker.TAR_SPLIT``). The rest of an engine's folder stands above the
collectors.
"""
