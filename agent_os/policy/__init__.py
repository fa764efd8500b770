"""The decisions: pure functions over plain data. No library that does I/O is imported here."""
