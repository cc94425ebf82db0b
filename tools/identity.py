"""Numbers of citizens (公民身份号码) in free text, which the register must not hold."""

import re
from datetime import date

# The tail must not go on: longer runs of digits are accounts of banks.
_NUMBER = re.compile(r"(?<![0-9])[1-8][0-9]{16}[0-9Xx](?![0-9])")
_CHECK = "10X98765432"


def is_identity_number(text):
    """Tell whether a text is the number of a citizen.

    Eighteen characters: place, day of birth, sequence and check digit (GB 11643-1999).
    The older form of 15 digits has no check digit, and bank accounts look like it; it
    has not been issued since 1999 and is not looked for.

    :rtype: bool
    """
    if not _NUMBER.fullmatch(text):
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * 2 ** (17 - i) for i, digit in enumerate(text[:17]))
    return born.year >= 1800 and _CHECK[total % 11] == text[17].upper()


def find_identity_numbers(text):
    """Return the numbers of citizens that stand in a text, in order.

    :rtype: list[str]
    """
    return [found for found in _NUMBER.findall(text or "") if is_identity_number(found)]
