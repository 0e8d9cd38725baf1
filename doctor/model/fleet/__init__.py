"""The merged reports of many hosts, as report formats show them."""
