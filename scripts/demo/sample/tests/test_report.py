import unittest

from tally.report import report, total


class Report(unittest.TestCase):
    def test_total(self):
        self.assertEqual(total(["10.00", "# a comment", "", "2.50  # tea"]), 1250)

    def test_report(self):
        self.assertEqual(report(-1205), "total: -12.05")
