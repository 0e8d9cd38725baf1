"""Sends one packet and follows it through the kernel: where its way ends, and why.

``wish`` says what is sent, ``follow`` sends and records, ``join`` orders the records into hops, ``judge`` finds the end.
"""
