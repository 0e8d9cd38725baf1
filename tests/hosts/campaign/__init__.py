"""The seeded fault campaign: random damage to a whole data root, repaired, judged by a fresh dockerd, beside doing nothing.

`python -m tests.hosts.campaign --seeds 200 --faults 0,1,3,5` runs it and writes benchmarks/CAMPAIGN.md.
"""
