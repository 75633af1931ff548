"""Fleets for load tests: thousands of the same stations in one process, and more over several.

Every station is a whole ``station.host.Host``; what is a fleet's own is who the stations are (``population``), what
their drivers do (``driver``, ``patterns``), what befalls them (``storms``, ``network``), what is measured (``metrics``)
and what is made of it (``thresholds``, ``report``). ``conductor`` runs a plan on an ``api.Engine``. The command line is
``station.cli.fleet``.
"""
