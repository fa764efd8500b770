"""Rows as GitHub's JSON. No decisions here; every URL starts with the base the client used."""
