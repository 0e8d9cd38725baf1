"""Finds, admits and loads plugins. The built-in checks are loaded the same way."""
