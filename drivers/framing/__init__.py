"""What readers send, as bytes or keys, and the cards it means: pure parsers without I/O, clock or threads.

Used by the reader drivers ``serial`` and ``hid``. What comes in is hostile: any bytes in any pieces give cards only
for valid frames, raise nothing, and need no more memory than one frame.
"""
