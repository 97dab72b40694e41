"""How sure: degrees of freedom, tests, comparisons, intervals, means, diagnostics."""
