"""Who reaches the engine, and how: clients, their settings, other engines."""
