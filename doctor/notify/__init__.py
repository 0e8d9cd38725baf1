"""Sends the news of a scheduled scan: what is new, worse, resolved, or still there after some days.

One idea is shared by all: ``news`` compares a scan with the problems that are already known, each recipient has an outbox
(``memory``) that keeps its news until they are delivered, and ``ways`` has one module a way of delivery. Nothing here can
fail a scan: it is recorded, and its reports are written, before the first byte is sent.
"""
