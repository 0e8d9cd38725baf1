"""Report formats, one per module. Modules with a leading underscore are shared."""
