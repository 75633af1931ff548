"""The control face: one registry of commands, spoken as lines and as HTTP, over a `Commandable`.

It adds no behaviour of its own. The command line composes it; hosts and fleets are commanded through it.
"""
