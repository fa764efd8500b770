"""The words: plain typed data. No I/O, and nothing of ours is imported here."""
