import sys
import os
import re

from tally.report import total, report


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(report(total(file)))
