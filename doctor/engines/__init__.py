"""The engines that doctor knows: everything specific to one of them, each in its own folder.

``places`` of an engine has its paths and names. It is a leaf, and every room may import it, under the engine's name
(``from doctor.engines.docker import places as docker``: ``docker.TAR_SPLIT``). The rest of an engine's folder is above the
collectors.
"""
