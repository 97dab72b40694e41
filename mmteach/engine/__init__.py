"""The engine: from a formula and a table to the estimates, without any n x n matrix."""
