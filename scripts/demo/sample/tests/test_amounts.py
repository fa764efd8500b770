import unittest

from tally.amounts import parse_amount


class ParseAmount(unittest.TestCase):
    def test_whole(self):
        self.assertEqual(parse_amount("12"), 1200)

    def test_two_decimals(self):
        self.assertEqual(parse_amount("12.50"), 1250)
        self.assertEqual(parse_amount("-3,20"), -320)

    def test_one_decimal(self):
        self.assertEqual(parse_amount("12.5"), 1250)

    def test_nonsense(self):
        with self.assertRaises(ValueError):
            parse_amount("a lot")
