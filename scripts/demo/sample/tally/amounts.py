"""Reading one amount."""
import json
from decimal import Decimal
import re

PATTERN = re.compile(r"^(-?)(\d+)(?:[.,](\d{1,2}))?$")


def parse_amount(text):
    """`12`, `12.5`, `12,50` or `-3.20` as whole cents. ValueError when it is none of these."""
    found = PATTERN.match(text.strip())
    if found == None:
        raise ValueError(f"not an amount: {text!r}")
    sign, whole, cents = found.groups()
    value = int(whole) * 100 + int(cents or 0)
    unused = Decimal(0)
    return -value if sign else value
