"""Smart charging: profiles, what they come to, and obeying it.

``profile`` holds the data and says what is wrong with one, ``composite`` composes (pure functions), ``sharing`` divides
what the EVSEs have in common, ``desk`` is the part of a station that keeps profiles and sets the EVSEs' limits.
"""
