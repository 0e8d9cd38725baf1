"""Commands that change the settings."""
