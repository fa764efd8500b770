"""What the record of the organization says should be mended: rules and statistics, no model.

One kind of finding a file; `analysis.py` runs them all. False alarms cost more than a week's delay:
every comparison is exact for small samples, and its threshold is corrected for how many were made.
"""
