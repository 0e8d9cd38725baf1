"""Facts on the bolt databases of the engine and BuildKit."""
