from odoo.tests import BaseCase, TransactionCase

from ..tools.identity import find_identity_numbers, is_identity_number

#: The example of GB 11643-1999 itself, and made up ones with a right check digit.
NUMBERS = ("11010519491231002X", "440524188001010014", "53010220150601123X")
OTHERS = (
    "110105194912310021",  # the check digit
    "110105194913310024",  # the month
    "1101051949123100",  # too short
    "6222021101051949123100",  # an account
    "91530100MA6K1234XX",  # a credit code
    "530102001001",  # a region
)


class TestIdentity(BaseCase):
    """Which texts are numbers of citizens."""

    def test_numbers_are_found(self):
        for number in NUMBERS[:2]:
            with self.subTest(number=number):
                self.assertTrue(is_identity_number(number))
                self.assertTrue(is_identity_number(number.lower()))
                text = f"张三，{number}，住五华区"
                self.assertEqual(find_identity_numbers(text), [number])

    def test_other_numbers_are_not(self):
        for number in OTHERS:
            with self.subTest(number=number):
                self.assertEqual(find_identity_numbers(f"编号{number}。"), [])

    def test_nothing_holds_nothing(self):
        self.assertEqual(find_identity_numbers(False), [])
        self.assertEqual(find_identity_numbers(""), [])


class TestIdentityOfDatabase(TransactionCase):
    """The database finds the same numbers."""

    def test_as_in_python(self):
        for number in (*NUMBERS, *OTHERS):
            with self.subTest(number=number):
                self.env.cr.execute(
                    "SELECT welfare_audit_has_identity(%s)", [f"{{编号{number}。}}"]
                )
                [found] = self.env.cr.fetchone()
                self.assertEqual(found, bool(find_identity_numbers(f"编号{number}。")))
