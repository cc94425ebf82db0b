"""Yuan and fen: rounding, 人民币大写, even shares and printed figures.

An amount is a :class:`~decimal.Decimal` in yuan with two decimals. A binary float
cannot hold 0.01 yuan, so a float enters through :func:`to_yuan` and nowhere else.
"""

import math
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import product

FEN = Decimal("0.01")
#: Amounts from 10^16 yuan on have no spelling here: the units end at 仟万亿.
LIMIT = Decimal(10) ** 16
#: Amounts from 10^13 yuan on are not booked: a Monetary field is a float to Python, and
#: up to here a float tells each fen from the next.
BOOKED_LIMIT = Decimal(10) ** 13

PREFIX = "人民币"
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = {"拾": 10, "佰": 100, "仟": 1000}
#: What the ledgers that people type contain beside the prescribed signs.
_ACCEPTED_SIGNS = str.maketrans({"圆": "元", "正": "整", " ": None, "\u3000": None})


def to_yuan(value):
    """Round an amount half-up to the fen.

    A float is read through its shortest decimal form, so that the 0.145 of a
    Monetary field gives 0.15 and not the 0.14 of its binary value.

    :param value: yuan, as ``Decimal``, ``int``, ``str`` or ``float``.
    :return: yuan with exactly two decimals; zero carries no sign.
    :rtype: decimal.Decimal
    :raise TypeError: for any other type.
    :raise ValueError: for text that is no number, NaN, infinity, and amounts too
        large to hold to the fen.
    """
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str, float)):
        raise TypeError(f"{value!r} is not an amount of yuan")
    try:
        amount = Decimal(repr(value) if isinstance(value, float) else value)
        amount = amount.quantize(FEN, rounding=ROUND_HALF_UP)
    except InvalidOperation:
        amount = Decimal("NaN")
    if amount.is_nan():
        raise ValueError(f"{value!r} is not an amount of yuan")
    # Adding zero turns the -0.00 of a rounded -0.001 into 0.00.
    return amount + 0


def exact_yuan(value):
    """Read an amount that is to be booked, and refuse what is finer than a fen.

    :func:`to_yuan` rounds 10.004 to 10.00; here somebody's slip must not pass. The
    noise of adding floats is no slip: 0.1 + 0.2 is 0.30.

    :param value: yuan, as ``Decimal``, ``int``, ``str`` or ``float``.
    :return: yuan with exactly two decimals.
    :rtype: decimal.Decimal
    :raise TypeError: for any other type.
    :raise ValueError: for what is no number, finer than a fen, or too large to book.
    """
    amount = to_yuan(value)
    noise = 0
    if isinstance(value, float):
        noise = max(Decimal("1e-6"), 4 * Decimal(math.ulp(value)))
    if abs(Decimal(value) - amount) > noise:
        raise ValueError(f"{value!r} is finer than a fen")
    if abs(amount) >= BOOKED_LIMIT:
        raise ValueError(f"{value!r} is too large an amount")
    return amount


def rmb_uppercase(amount):
    """Spell an amount in Chinese capitals, prefix 人民币 included.

    Source: 《支付结算办法》附一《正确填写票据和结算凭证的基本规定》;
    《会计基础工作规范》 for 整. Rules: 整 after 元 and after 角, never after 分;
    one 零 for any run of zeros inside; 元零X分 where 角 is zero; 负 after the prefix.
    Where the first source leaves the choice (its examples 1,680.32 and 107,000.53),
    this function writes 零 for a zero 元 place before 角, and none for a zero 万 place
    before 仟: 壹仟陆佰捌拾元零叁角贰分, 壹拾万柒仟元零伍角叁分.

    :param amount: yuan, as ``Decimal``, ``int`` or ``str``, rounded half-up to the
        fen. Pass a float through :func:`to_yuan` first.
    :rtype: str
    :raise TypeError: for a float or another type.
    :raise ValueError: for text that is no number, NaN, infinity, and amounts of
        10^16 yuan and more.
    """
    if isinstance(amount, float):
        raise TypeError("A float is not a figure in yuan and fen; use to_yuan() first")
    return PREFIX + _spell(to_yuan(amount), zero_wan=False, zero_yuan=True)


def parse_rmb_uppercase(text):
    """Read an amount in Chinese capitals; the inverse of :func:`rmb_uppercase`.

    Accepts each spelling that 《支付结算办法》附一 allows (with and without the two
    optional 零, 整 or nothing after 角), 圆 for 元, 正 for 整, spaces, and a missing
    人民币. Anything else is refused, so that a slip such as 伍万零元 or a missing 零
    never becomes an amount.

    :param str text: for example 人民币肆拾伍万元整.
    :return: yuan with two decimals.
    :rtype: decimal.Decimal
    :raise ValueError: if the text is not such a spelling.
    """
    spelling = text.translate(_ACCEPTED_SIGNS).removeprefix(PREFIX)
    amount = _evaluate(spelling)
    if amount < LIMIT:
        for zero_wan, zero_yuan in product((False, True), repeat=2):
            signed = -amount if spelling.startswith("负") else amount
            prescribed = _spell(signed, zero_wan, zero_yuan)
            # 《支付结算办法》 leaves 整 after 角 open.
            if spelling in (prescribed, prescribed.replace("角整", "角")):
                return signed
    raise ValueError(f"{text!r} is not an amount in Chinese capitals")


def split_evenly(total, count):
    """Divide an amount into shares that differ by at most one fen.

    What does not divide goes to the FIRST shares, one fen each: 400,000 yuan over 13
    homes is one share of 30,769.24 and twelve of 30,769.23. A negative total is
    divided in the same way with the sign turned.

    :param total: yuan, anything that :func:`to_yuan` takes.
    :param int count: number of shares, at least 1.
    :return: ``count`` amounts whose sum is exactly the total.
    :rtype: list[decimal.Decimal]
    :raise TypeError: if the count is not a whole number.
    :raise ValueError: if the count is below 1, or the total is no amount.
    """
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{count!r} is not a number of shares")
    if count < 1:
        raise ValueError("The number of shares must be at least 1")
    total = to_yuan(total)
    share, rest = divmod(int(abs(total) / FEN), count)
    fen = FEN.copy_sign(total)
    return [(share + (index < rest)) * fen for index in range(count)]


def format_yuan(value, unit="元"):
    """Write an amount in figures with thousands separators, without its unit.

    :param value: yuan, anything that :func:`to_yuan` takes.
    :param str unit: 元 for two decimals, or 万元 for two to six (none is lost).
    :rtype: str
    :raise ValueError: for another unit, or a value that is no amount.
    """
    amount = to_yuan(value)
    if unit == "元":
        return f"{amount:,.2f}"
    if unit == "万元":
        whole, decimals = f"{amount.scaleb(-4):,.6f}".split(".")
        return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
    raise ValueError(f"Amounts are printed in 元 or 万元, not in {unit!r}")


def _spell(amount, zero_wan, zero_yuan):
    """Spell an amount without its prefix.

    :param decimal.Decimal amount: yuan with two decimals.
    :param bool zero_wan: write 零 where the 万 place is zero and 仟 is not.
    :param bool zero_yuan: write 零 where the 元 place is zero and 角 is not.
    """
    if abs(amount) >= LIMIT:
        raise ValueError("Amounts of 10^16 yuan and more cannot be spelled")
    yuan, fen = divmod(int(abs(amount) / FEN), 100)
    jiao, fen = divmod(fen, 10)
    text = f"{_spell_integer(yuan, zero_wan)}元" if yuan else ""
    if jiao:
        if zero_yuan and yuan and yuan % 10 == 0:
            text += "零"
        text += f"{_DIGITS[jiao]}角"
    if fen:
        if yuan and not jiao:
            text += "零"
        text += f"{_DIGITS[fen]}分"
    else:
        text = (text or "零元") + "整"
    return f"负{text}" if amount < 0 else text


def _spell_integer(number, zero_wan):
    """Spell a positive whole number, in groups of four digits from the highest."""
    yi, below_yi = divmod(number, 10**8)
    groups = (
        (yi // 10**4, "万" if yi % 10**4 else "万亿"),
        (yi % 10**4, "亿"),
        (below_yi // 10**4, "万"),
        (below_yi % 10**4, ""),
    )
    text = ""
    higher = 0
    for group, unit in groups:
        if group:
            # `higher` is the group just above: its last digit is the optional zero.
            optional = zero_wan and higher % 10 == 0
            if text and (higher == 0 or group < 1000 or optional):
                text += "零"
            text += _spell_group(group) + unit
        higher = group
    return text


def _spell_group(group):
    """Spell 1 to 9999, with one 零 for zeros between two digits."""
    text = ""
    gap = False
    for place, digit in zip(("仟", "佰", "拾", ""), f"{group:04}", strict=True):
        if digit == "0":
            gap = bool(text)
            continue
        text += ("零" if gap else "") + _DIGITS[int(digit)] + place
        gap = False
    return text


def _evaluate(spelling):
    """Add up the signs of a spelling without judging their order.

    The caller spells the result again and compares, so any wrong order fails there.
    """
    total = section = digit = fen = 0
    for sign in spelling:
        if sign in _DIGITS:
            digit = _DIGITS.index(sign)
        elif sign in _PLACES:
            section += digit * _PLACES[sign]
            digit = 0
        elif sign == "万":
            total, section, digit = total + (section + digit) * 10**4, 0, 0
        elif sign == "亿":
            total, section, digit = (total + section + digit) * 10**8, 0, 0
        elif sign == "元":
            fen, total, section, digit = (total + section + digit) * 100, 0, 0, 0
        elif sign in "角分":
            fen, digit = fen + digit * (10 if sign == "角" else 1), 0
    return fen * FEN
