"""The ways of delivery, one module each: ``check`` finds what can't work at the installation, ``send`` delivers once."""
