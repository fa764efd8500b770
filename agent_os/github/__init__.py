"""The one door to GitHub: client, governor, readers. Nothing else sends a request to it."""
