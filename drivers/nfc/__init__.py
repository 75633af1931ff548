"""What the readers driven through nfcpy share: frames, lines, speeds, cards. Drivers are in ``drivers.readers``."""
