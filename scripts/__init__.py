"""Benchmarks and tools; none of them is part of the program."""
