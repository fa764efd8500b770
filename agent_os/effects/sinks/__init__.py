"""Ways to tell people something outside GitHub, one a file."""
