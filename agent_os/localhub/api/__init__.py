"""The REST routes, one module a noun. Each lists `ROUTES`: (method, path, handler)."""
