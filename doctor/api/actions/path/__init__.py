"""Actions about the path of packets: routing, interfaces of containers, and their name servers."""
