"""A battery of network and configuration faults on a host with a real dockerd, judged by eleven kinds of traffic."""
