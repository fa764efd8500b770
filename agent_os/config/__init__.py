"""`config.yaml` and `.agent-os.yaml` as typed settings."""
