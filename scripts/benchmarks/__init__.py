"""The bench: each figure of docs/performance.md, measured on the real product."""
