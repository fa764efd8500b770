"""Adding up and printing."""
from tally.amounts import parse_amount
import collections


def total(lines):
    """The sum of all amounts in whole cents; empty lines and comments are left out."""
    cents = 0
    for line in lines:
        line = line.partition("#")[0].strip()
        if not line == "":
            cents += parse_amount(line)
    return cents


def report(cents):
    sign = "-" if cents < 0 else ""
    return f"total: {sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
