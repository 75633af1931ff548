"""The certificates of a station: roots it trusts, its own keys and chains, and what messages may do with them.

``reading`` parses, ``checks`` judges, ``names`` computes hash data, ``folder`` keeps files below the state folder,
``trust`` puts profile and folder together, ``signing`` makes keys and requests, ``credentials`` chooses what TLS uses.
Called by ``station.host.jobs.certificates``, ``station.host.target`` and whoever has to verify a signature.
"""
