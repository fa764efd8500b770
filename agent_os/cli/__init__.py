"""The commands: one file a noun, no logic. Slow libraries are imported inside the commands."""
