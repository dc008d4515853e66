"""Invented persons for the demonstration, the tests and the benchmarks; nobody here is real."""
