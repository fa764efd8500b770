"""One attempt: a directory in, a directory out. Runs as `python -m agent_os.attempt DIR`."""
