"""The structure of 统计用区划代码, the 12-digit statistical division code.

Two digits province, two prefecture, two county (GB/T 2260), three township, three
community or village; the trailing zeros of a code tell its level.
Source: 国家统计局《统计用区划代码和城乡划分代码编制规则》, see ``regulations`` 8.
"""

import re

#: Levels from the top of the tree to its leaves, with the digits each one fills.
LEVEL_DIGITS = {
    "province": 2,
    "prefecture": 4,
    "county": 6,
    "township": 9,
    "village": 12,
}
LEVELS = tuple(LEVEL_DIGITS)

_CODE = re.compile(r"[1-9][0-9]{11}")


def is_valid(code):
    """Tell whether a text has the structure of a division code.

    :param str code: 12 digits, the first one not zero.
    :rtype: bool
    """
    return bool(_CODE.fullmatch(code or ""))


def level_of(code):
    """Return the level that a valid code stands for.

    :param str code: a 12-digit division code.
    :return: one of :data:`LEVELS`.
    :rtype: str
    """
    for level, digits in LEVEL_DIGITS.items():
        if not code[digits:].strip("0"):
            return level
    raise ValueError(f"{code!r} is not a division code of 12 digits")


def prefix_of(code):
    """Return the digits with which the codes of everything in a division begin.

    :param str code: a 12-digit division code.
    :rtype: str
    """
    return code[: LEVEL_DIGITS[level_of(code)]]


def ancestors_of(code):
    """Return the codes of the divisions that can contain this one, nearest first.

    Levels without digits of their own are passed over, such as the county of a street
    of 东莞市 (441900003000 lies in 441900000000).

    :param str code: a 12-digit division code.
    :rtype: list[str]
    """
    lengths = list(LEVEL_DIGITS.values())[: LEVELS.index(level_of(code))]
    codes = (code[:length].ljust(12, "0") for length in reversed(lengths))
    return list(dict.fromkeys(ancestor for ancestor in codes if ancestor != code))


def by_level(codes):
    """Return the codes of each level, from the top of the tree down.

    :param codes: valid codes in any order, which is kept within a level.
    :rtype: dict[str, list[str]]
    """
    result = {level: [] for level in LEVELS}
    for code in codes:
        result[level_of(code)].append(code)
    return result


def contains(ancestor, code):
    """Tell whether one division lies strictly inside another, by their codes.

    :param str ancestor: the code of the larger division.
    :param str code: the code of the smaller one.
    :rtype: bool
    """
    return ancestor != code and code.startswith(prefix_of(ancestor))
