"""All ways of a host's containers, and the world that they are walked in, put together from facts."""
