"""What an order is worth by now: the price, and our margin, of what its customer has or can still get."""

from collections.abc import Sequence

from app.oms.order_line import ALIVE, OrderLine

Lines = Sequence[OrderLine]


def owed(amount_minor: int, lines: Lines, *, is_over: bool) -> int:
    """What was agreed to be paid in all, without the part of it that is lost.

    It need not be the sum of the lines. Less: somebody gave a discount on the whole, and each part has its share of
    it. More: there are fees, which stay when a part is lost and go with the last of it.
    """
    if all(lost(line, lines, is_over=is_over) == line.ordered for line in lines):
        return 0
    whole = sum(line.total_minor for line in lines)
    gone = sum(line.share(line.total_minor, lost(line, lines, is_over=is_over)) for line in lines)
    return amount_minor - (gone if amount_minor >= whole else gone * amount_minor // whole)


def margin(lines: Lines, *, is_over: bool) -> int:
    """What is left of the price after tax and cost."""
    whole = {line.id: line.total_minor - line.tax_minor - line.cost_minor for line in lines}
    return sum(
        whole[line.id] - line.share(whole[line.id], lost(line, lines, is_over=is_over)) for line in lines
    )  # fmt: skip


def lost(line: OrderLine, lines: Lines, *, is_over: bool) -> int:
    """The units the customer will not get; `is_over` when the order was called off.

    What is missing may still be found, until the bag it would have gone into has left; for a parcel another place is
    looked for, until somebody calls it off.
    """
    if is_over:
        return line.ordered - line.collected - line.shipped
    has_left = any(each.collected for each in lines)
    is_awaited = any(getattr(each, place) for each in lines for place in ALIVE)
    return line.cancelled + (line.short if has_left and not is_awaited else 0)
