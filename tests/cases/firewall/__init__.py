"""Cases of the firewall, and the code that writes them."""
