"""Read what people type into a table: numbers, money, areas, dates, codes, places.

Each ``parse_`` function takes the value of one cell, a text or what
:mod:`.workbook` made of it, and returns a typed value or raises
:class:`TextValueError` with the reason. None of them guesses.
"""

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__, default_lang="en_US")

#: Dates outside of these years are slips of the pen. A small number that someone
#: formatted as a date shows as a day of 1900.
FIRST_YEAR, LAST_YEAR = 1901, 2100
#: Spreadsheet programs keep 15 digits of a number; what a float has behind them is
#: the noise of binary fractions (3.8000000000000003).
NUMBER_LIMIT = Decimal(10) ** 15

#: Yuan in one unit.
MONEY_UNITS = {
    "元": Decimal(1),
    "千元": Decimal(1000),
    "万": Decimal(10_000),
    "万元": Decimal(10_000),
    "百万元": Decimal(1_000_000),
    "千万元": Decimal(10_000_000),
    "亿": Decimal(100_000_000),
    "亿元": Decimal(100_000_000),
}
#: Square metres in one unit as numerator and denominator: 15 亩 are one hectare.
AREA_UNITS = {
    "m2": (1, 1),
    "平方米": (1, 1),
    "平米": (1, 1),
    "平方": (1, 1),
    "万平方米": (10_000, 1),
    "亩": (10_000, 15),
    "公顷": (10_000, 1),
    "平方公里": (1_000_000, 1),
    "km2": (1_000_000, 1),
}
_HUNDREDTH = Decimal("0.01")
_MAGNITUDES = {"万": 10_000, "亿": 100_000_000}
_TRUE_SIGNS = frozenset("是 有 对 √ ✓ ✔ ☑ 1 y yes true".split())
_FALSE_SIGNS = frozenset("否 无 不是 没有 错 × x ✗ ✘ ☒ 0 n no false".split())

#: The own part of the name of a place, and what tells the kind of its organ.
_PLACE = re.compile(
    r"(?P<own>.+?)(?:"
    r"(?P<street>街道办事处|街道办|街道|办事处)"
    r"|(?P<community>社区居民委员会|社区居委会|居民委员会|居委会|社区)"
    r"|(?<=村)(?P<village>民委员会|委会)"
    r"|(?<=[镇乡])(?P<town>人民政府|政府)"
    r")"
)
_UNUSUAL = re.compile(r"[\s\x00-\x1f\x7f\xad\u200b-\u200f\u2060\ufeff]|_x000[dD]_")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\xad\u200b-\u200f\u2060\ufeff]")
_SPACE_BESIDE_CHINESE = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")
_EQUAL_SIGNS = str.maketrans(
    dict.fromkeys("「」『』“”‘’`", '"') | dict.fromkeys("‐‑‒–—―−", "-")
)
_NO_LETTER = re.compile(r"[\W_]+")
_NOTHING = re.compile(r"[\s\u200b-\u200f\ufeff\-－‐‑‒–—―−/／\\＼]*")

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"
    r"|[+-]?\.\d+)"
    r"\s*(?P<unit>[^\d\s.,+-].*)?"
)
_CHINESE_DATE = re.compile(
    r"(\d{4})年度?(?:(\d{1,2})月份?(?:(\d{1,2})[日号]?)?)?[初中底末]?"
)
_SEPARATED_DATE = re.compile(
    r"(\d{4})([./-])(\d{1,2})(?:\2(\d{1,2}))?\.?"
    r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
_SPACE_BESIDE_SEPARATOR = re.compile(r"\s*([./-])\s*")
_COMPACT_DATE = re.compile(r"(\d{4})(?:(\d{2})(\d{2})?)?")
_SERIAL_DATE = re.compile(r"\d{5}")
_SCIENTIFIC_CODE = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})")
_WHOLE_NUMBER = re.compile(r"(\d+)\.0+")
_CODE = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*")


class TextValueError(ValueError):
    """A value cannot be read as what it should be.

    :ivar message: the reason, translatable.
    """

    def __init__(self, message):
        super().__init__(message)
        self.message = message


class OtherTextError(TextValueError):
    """A text is not even an attempt at a number or date: a remark in its place."""


# === TEXT === #


def clean_text(value):
    """Return a value as text that can be kept: as typed, without stray blanks.

    Full-width signs stay, since they are right in Chinese text. A whole number loses
    the ``.0`` of its cell.

    :param value: a text, or any other value of a cell.
    :rtype: str
    """
    if not isinstance(value, str):
        if value is None:
            return ""
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    if not _UNUSUAL.search(value):
        return value
    # Some programs write the carriage return of a cell with two lines as _x000D_.
    text = re.sub("_x000d_", "\n", value, flags=re.IGNORECASE)
    lines = (" ".join(line.split()) for line in _INVISIBLE.sub("", text).splitlines())
    return "\n".join(filter(None, lines))


@lru_cache(maxsize=4096)
def normalize(text):
    """Return a text in the form in which it is compared and parsed.

    Full-width letters, digits and signs become half-width (NFKC, so ``㎡`` is ``m2``),
    all quotes one quote, all dashes one dash. Blanks between Chinese characters
    (``合  计``) vanish, others become one.

    :rtype: str
    """
    if text.isascii():
        return " ".join(text.split())
    text = unicodedata.normalize("NFKC", text).translate(_EQUAL_SIGNS)
    return " ".join(_SPACE_BESIDE_CHINESE.sub("", clean_text(text)).split())


@lru_cache(maxsize=4096)
def match_key(text):
    """Return what of a text counts when headings and choices are compared.

    :return: letters and digits only, in lower case; a text without any (``√``)
        normalized.
    :rtype: str
    """
    text = normalize(text).casefold()
    return _NO_LETTER.sub("", text) or text


def is_blank(value):
    """Tell whether a cell says nothing: empty, blanks, or a dash or slash alone."""
    if isinstance(value, str):
        return not value[:1].isalnum() and bool(_NOTHING.fullmatch(value))
    return value is None


# === NUMBERS === #


def parse_quantity(value):
    """Read a number with the unit that may follow it.

    :param value: a number, or a text such as ``１，２３４.5``, ``4.1万元``, ``60 ㎡``.
    :return: the number, and the unit in normalized form or an empty text.
    :rtype: tuple[decimal.Decimal, str]
    :raise TextValueError: for anything else, and from 10^15 on, where spreadsheet
        programs lose digits.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _not_a_number(value)
    unit = ""
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(normalize(value))
        if not match:
            raise _not_a_number(value)
        number = Decimal(match["number"].replace(",", ""))
        unit = match["unit"] or ""
    else:
        number = _exact(value)
    if not number.is_finite():
        raise _not_a_number(value)
    if abs(number) >= NUMBER_LIMIT:
        raise TextValueError(
            _lt("“%(value)s” is too large to be exact", value=_shown(value))
        )
    return number, unit


def _exact(number):
    """Return a number of a cell without the noise of binary fractions."""
    return Decimal(f"{number:.15g}" if isinstance(number, float) else number)


def parse_number(value, unit=""):
    """Read a plain number.

    :param value: a number, or a text such as ``１２．５``, ``1,234.5``, ``3万``.
    :param str unit: a unit that may follow the number without changing it, as in
        ``40小时``.
    :rtype: decimal.Decimal
    :raise TextValueError: if it is anything else, text around a number included.
    """
    number, found = parse_quantity(value)
    if not found or (unit and found == normalize(unit)):
        return number
    if found in _MAGNITUDES:
        return number * _MAGNITUDES[found]
    raise _not_a_number(value)


def parse_money(value, unit="元"):
    """Read an amount of money.

    :param value: a number or text, with or without ``¥`` and a unit of its own.
    :param str unit: the unit that holds unless the value names one (万元).
    :return: yuan, exact and therefore not rounded to the fen.
    :rtype: decimal.Decimal
    :raise TextValueError: if it is no amount, or its unit is not one of money.
    """
    if isinstance(value, str):
        value = normalize(value).removeprefix("¥")
    number, found = parse_quantity(value)
    factor = money_factor(found or unit)
    if factor is None:
        raise _unknown_unit(value, found or unit)
    return number * factor


def money_factor(unit):
    """Return the yuan in one unit, ``None`` if it is not one of money.

    :param str unit: for example 万元, 人民币元, 元/家.
    :rtype: decimal.Decimal | None
    """
    return MONEY_UNITS.get(_unit_name(unit).removeprefix("人民币"))


def parse_area(value, unit="㎡"):
    """Read an area.

    :param value: a number or text, with or without a unit of its own.
    :param str unit: the unit that holds unless the value names one (亩).
    :return: square metres, rounded half-up to two decimals.
    :rtype: decimal.Decimal
    :raise TextValueError: if it is no area, or its unit is not one of area.
    """
    number, found = parse_quantity(value)
    factor = area_factor(found or unit)
    if factor is None:
        raise _unknown_unit(value, found or unit)
    numerator, denominator = factor
    return (number * numerator / denominator).quantize(_HUNDREDTH, ROUND_HALF_UP)


def area_factor(unit):
    """Return the square metres in one unit, ``None`` if it is not one of area.

    :param str unit: for example ㎡, 平方米, 亩, 公顷.
    :return: numerator and denominator.
    :rtype: tuple[int, int] | None
    """
    return AREA_UNITS.get(_unit_name(unit))


@lru_cache(maxsize=256)
def _unit_name(unit):
    """Return a unit without what it is counted for (元/家)."""
    return normalize(unit).casefold().replace(" ", "").partition("/")[0]


# === DATES === #


def parse_date(value, date1904=False):
    """Read a date, also one that names a month or a year only.

    :param value: a date; a text such as ``2016年5月3日``, ``2016.5.3``, ``2016-05``,
        ``2016年``, ``20160503``; a number where the format of the cell was lost, which
        may be such a text typed without thought or the serial number of a day.
    :param bool date1904: the date system of the workbook, for serial numbers.
    :return: the date or the first day of the month or year, and ``day``, ``month``
        or ``year``.
    :rtype: tuple[datetime.date, str]
    :raise TextValueError: if it is no date, not in the calendar, or not between
        :data:`FIRST_YEAR` and :data:`LAST_YEAR`.
    """
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return _checked_date(value, value.year, value.month, value.day)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _not_a_date(value)
    text = _SPACE_BESIDE_SEPARATOR.sub(r"\1", normalize(clean_text(value)))
    if isinstance(value, float) and re.fullmatch(r"\d{4}\.1", text):
        # As a number 2016.10 is 2016.1, so nobody can tell October from January.
        raise TextValueError(
            _lt(
                "“%(value)s” stands for January or October: write 2016-01 or 2016-10 "
                "as text",
                value=text,
            )
        )
    if _SERIAL_DATE.fullmatch(text):
        epoch = date(1904, 1, 1) if date1904 else date(1899, 12, 30)
        day = epoch + timedelta(days=int(text))
        return _checked_date(value, day.year, day.month, day.day)
    if match := _SEPARATED_DATE.fullmatch(text):
        year, _separator, month, day = match.groups()
    elif match := _CHINESE_DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text):
        year, month, day = match.groups()
    else:
        raise _not_a_date(value)
    return _checked_date(value, year, month, day)


def _checked_date(value, year, month, day):
    """Return a date and its precision from parts of which the last may be absent."""
    precision = "day" if day else "month" if month else "year"
    try:
        result = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        raise TextValueError(
            _lt("“%(value)s” is not in the calendar", value=_shown(value))
        ) from None
    if not FIRST_YEAR <= result.year <= LAST_YEAR:
        raise TextValueError(
            _lt(
                "“%(value)s” is not between %(first)s and %(last)s",
                value=_shown(value),
                first=FIRST_YEAR,
                last=LAST_YEAR,
            )
        )
    return result, precision


# === CODES, MARKS, PLACES === #


def parse_code(value):
    """Read an identifying code, also one that was stored as a number.

    :param value: for example ``530102001001``, ``530102001001.0``,
        ``'530102001001``, ``5.30102001001E+11``.
    :return: letters, digits and inner hyphens.
    :rtype: str
    :raise TextValueError: if it is no code, or a number that has lost digits.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _not_a_code(value)
    if not isinstance(value, str):
        number = _exact(value)
        if not number.is_finite() or number < 0:
            raise _not_a_code(value)
        if number >= NUMBER_LIMIT:
            raise _shortened_code(value)
        if number % 1:
            raise _not_a_code(value)
        return str(int(number))
    text = normalize(value).replace(" ", "").strip("'\"")
    if match := _SCIENTIFIC_CODE.fullmatch(text):
        digits = match[1] + (match[2] or "")
        length = int(match[3]) + 1
        if len(digits) < length:
            raise _shortened_code(value)
        text = f"{digits[:length]}.{digits[length:]}0"
    if match := _WHOLE_NUMBER.fullmatch(text):
        text = match[1]
    if not _CODE.fullmatch(text):
        raise _not_a_code(value)
    return text


def parse_boolean(value):
    """Read a yes or no: 是/否, 有/无, √/×, 1/0.

    :rtype: bool
    :raise TextValueError: if it is neither.
    """
    sign = normalize(clean_text(value)).casefold()
    if sign in _TRUE_SIGNS:
        return True
    if sign in _FALSE_SIGNS:
        return False
    raise TextValueError(_lt("“%(value)s” is neither yes nor no", value=_shown(value)))


def place_key(name):
    """Return what of the name of a street or community is its own.

    华山街道, 华山街道办事处 and 华山办事处 have one key, and so have 大塘社区,
    大塘社区居委会 and 大塘. The key of 大塘村委会 is that of 大塘村. A key tells places
    of one level under one parent apart, no more: 普吉街道 and 普吉社区 share theirs.

    :rtype: str
    """
    text = _place_text(name)
    match = _PLACE.fullmatch(text)
    return match["own"] if match else text


def same_place(first, second):
    """Tell whether two names may mean the same street or community.

    :param str first: for example 华山街道.
    :param str second: for example 华山街道办事处.
    :return: ``False`` also where the names tell that their levels differ.
    :rtype: bool
    """
    first_names, first_kind = _split_place(first)
    second_names, second_kind = _split_place(second)
    if first_kind and second_kind and first_kind != second_kind:
        return False
    return not first_names.isdisjoint(second_names)


def _place_text(name):
    return normalize(name).replace(" ", "").replace('"', "").casefold()


def _split_place(name):
    """Return the spellings of a place's own name, and the kind of its organ or none."""
    text = _place_text(name)
    match = _PLACE.fullmatch(text)
    if not match:
        return {text}, None
    own = match["own"]
    # 大塘村委会 is the committee of 大塘村, or the 村委会 of 大塘.
    names = {own, own.removesuffix("村")} if match["village"] else {own}
    return names, match.lastgroup


# === REASONS === #


def _shown(value):
    """Return a value as a message quotes it."""
    text = " ".join(clean_text(value).split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def _not_a_number(value):
    return OtherTextError(_lt("“%(value)s” is not a number", value=_shown(value)))


def _not_a_date(value):
    return OtherTextError(_lt("“%(value)s” is not a date", value=_shown(value)))


def _not_a_code(value):
    return TextValueError(_lt("“%(value)s” is not a code", value=_shown(value)))


def _shortened_code(value):
    return TextValueError(
        _lt(
            "“%(value)s” has lost digits: type the code again in a cell formatted as "
            "text",
            value=_shown(value),
        )
    )


def _unknown_unit(value, unit):
    return TextValueError(
        _lt(
            "“%(value)s” has the unknown unit “%(unit)s”",
            value=_shown(value),
            unit=unit,
        )
    )
