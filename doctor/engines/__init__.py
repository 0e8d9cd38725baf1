"""The engines that doctor knows: one folder each, found by its module ``engine``.

An engine plugs into the rooms below through ``doctor.api.engine.Engine``; they find it through ``doctor.plugins.engines``. Its
``places`` are a leaf, and every room may import them, under the engine's name (``from doctor.engines.docker import places as
docker``: ``docker.TAR_SPLIT``).
"""
