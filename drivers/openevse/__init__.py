"""OpenEVSE controllers: their serial protocol RAPI, and a controller behind it. ``drivers.pilots.openevse`` uses it."""
