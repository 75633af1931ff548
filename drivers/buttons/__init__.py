"""Button drivers: one module a product, found by ``drivers.registry``."""
