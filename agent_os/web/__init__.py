"""Pages and receivers over HTTP. So far: GitHub's webhooks, and how we are."""
