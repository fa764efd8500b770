"""Finding secrets in text and taking them out: one place for attempts, store, effects and logs."""
