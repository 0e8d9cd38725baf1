"""An OCI bundle: each object of its config.json has a module here."""
