"""The groomer's decisions: what is wrong with open issues, and what the code asks for."""
