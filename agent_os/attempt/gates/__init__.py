"""The gates: external checks of a result, run by us in fresh checkouts, one a file."""
