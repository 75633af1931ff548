"""Where the station meets the world: event loop, sockets, drivers, clocks and the store. asyncio lives here."""
