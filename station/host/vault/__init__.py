"""The certificates of a station: roots it trusts, its own keys and chains, and what messages may do with them.

``reading`` parses, ``checks`` judges, ``names`` computes hash data, ``folder`` keeps files below the state folder,
``trust`` puts profile and folder together, ``signing`` makes keys and requests, ``credentials`` chooses what TLS uses.
``v2g`` and ``v2g_work`` are for Plug & Charge. Called by the runners of ``station.host.jobs`` and by
``station.host.credentials``.
"""
