"""What runs foreign code: one port (`port.py`), a back end a file, and what this host can hold."""
