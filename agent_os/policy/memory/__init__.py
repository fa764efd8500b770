"""Memory: what is learned from the record, what of it is told to whom, and what is forgotten."""
