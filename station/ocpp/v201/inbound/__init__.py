"""The CSMS's calls, one module per functional block of OCPP 2.0.1 part 2.

Each module has ``HANDLERS`` (action -> handler) and, where calls are deferred, ``WORDINGS`` (action -> the answer's
wording). The handlers work on the wire's objects, so a later version may take a module's table and add to it.
"""
