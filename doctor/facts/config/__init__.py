"""Facts on the engine's settings: daemon.json, the command line, and the meaning of each key."""
