"""Agent OS: label a GitHub issue Ready, get a verified, merged pull request."""
