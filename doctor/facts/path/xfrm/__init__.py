"""Policies of IPsec (XFRM) that block packets, encrypt them, or ask for encrypted ones."""
