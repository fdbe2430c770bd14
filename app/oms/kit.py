"""Kits: sold as one thing at one price, kept and picked as the things they are made of."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app.oms import touched
from app.oms.balance import Balance
from app.oms.item import Item
from app.oms.order_line import OrderLine
from app.refusals import Refusal

Components = Sequence[tuple[Item, int]]
Recipes = dict[int, dict[int, int]]
"""Of each kit how much of each item goes into one."""
BITE = 500


class NoKit(Refusal):
    """A kit is made of things that are kept by themselves."""


class KitComponent(SQLModel, table=True):
    """So many of an item, in its smallest parts, go into one kit."""

    __tablename__ = "kit_component"
    __table_args__ = (sa.CheckConstraint("quantity > 0 AND kit_item_id <> item_id", name="made_of_something_else"),)

    kit_item_id: int = Field(foreign_key="item.id", primary_key=True)
    item_id: int = Field(foreign_key="item.id", primary_key=True, index=True)
    quantity: int


def define(session: Session, kit: Item, parts: Mapping[int, int]) -> None:
    """What one such kit is made of from now on: so much of each item; of nothing, and it is sold as it stands.

    Orders placed before keep what they have.
    """
    _lock(session, [kit.id, *parts])
    if parts:
        _refuse_nested(session, kit, parts)
        _refuse_kept(session, kit)
    if any(quantity <= 0 for quantity in parts.values()):
        raise NoKit(f"Of each thing {kit.sku} is made of, there has to be some.")
    session.execute(sa.delete(KitComponent).where(col(KitComponent.kit_item_id) == kit.id))
    session.add_all(KitComponent(kit_item_id=kit.id, item_id=item_id, quantity=many) for item_id, many in parts.items())
    touched.mark(session, [kit.id])


def _lock(session: Session, item_ids: Iterable[int]) -> None:
    """Two kits that are made of each other are not to be defined in the same moment."""
    ids = sorted(set(item_ids))
    session.exec(select(Item.id).where(col(Item.id).in_(ids)).order_by(col(Item.id)).with_for_update()).all()


def _refuse_nested(session: Session, kit: Item, parts: Mapping[int, int]) -> None:
    nested = select(KitComponent.kit_item_id).where(col(KitComponent.kit_item_id).in_(parts)).limit(1)
    inside = select(KitComponent.kit_item_id).where(KitComponent.item_id == kit.id).limit(1)
    if kit.is_weighed or kit.id in parts or session.exec(nested).first() or session.exec(inside).first():
        raise NoKit(f"{kit.sku} can't be such a kit: a kit is sold by the piece, and made of no other kit.")


def _refuse_kept(session: Session, kit: Item) -> None:
    """Units on a shelf under the kit's own code would be sold by nobody."""
    moved = sa.or_(col(Balance.on_hand) != 0, col(Balance.reserved) != 0, col(Balance.in_transit) != 0)
    if session.exec(select(Balance.node_id).where(Balance.item_id == kit.id, moved).limit(1)).first() is not None:
        raise NoKit(f"{kit.sku} is in stock as it is: book that out before it is sold as a kit of other things.")


def containing(session: Session, item_ids: Collection[int]) -> set[int]:
    """Kits that any of these go into."""
    found: set[int] = set()
    for bite in _in_bites(item_ids):
        found.update(session.exec(select(KitComponent.kit_item_id).where(col(KitComponent.item_id).in_(bite))))
    return found


def recipes(session: Session, item_ids: Collection[int]) -> Recipes:
    """Of those of these items that are kits, how much of each item goes into one."""
    found: Recipes = {}
    for bite in _in_bites(item_ids):
        made_of = select(KitComponent.kit_item_id, KitComponent.item_id, KitComponent.quantity)
        for kit_id, item_id, quantity in session.exec(made_of.where(col(KitComponent.kit_item_id).in_(bite))):
            found.setdefault(kit_id, {})[item_id] = quantity
    return found


def sets(recipe: Mapping[int, int], there: Mapping[int, int]) -> int:
    """How many whole kits the things at one node make: as many as the scarcest of them allows."""
    return min(max(0, there.get(item_id, 0)) // quantity for item_id, quantity in recipe.items())


def _in_bites(item_ids: Collection[int]) -> Iterable[list[int]]:
    ids = sorted(set(item_ids))
    return (ids[start : start + BITE] for start in range(0, len(ids), BITE))


def components(session: Session, item_ids: Iterable[int]) -> dict[int, list[tuple[Item, int]]]:
    """Of those of these items that are kits, what one is made of."""
    made_of = (
        select(KitComponent, Item)
        .join(Item, col(Item.id) == col(KitComponent.item_id))
        .where(col(KitComponent.kit_item_id).in_(list(item_ids)))
        .order_by(col(Item.id))
    )
    found: dict[int, list[tuple[Item, int]]] = {}
    for component, item in session.exec(made_of):
        found.setdefault(component.kit_item_id, []).append((item, component.quantity))
    return found


def parts(kit: OrderLine, made_of: Components) -> list[OrderLine]:
    """The lines of an ordered kit's things; the kit's price is theirs too, shared out by what each costs alone."""
    weights = [item.priced(quantity, item.price_minor) for item, quantity in made_of]
    if not any(weights):
        weights = [1] * len(made_of)
    prices, taxes = shared_out(kit.total_minor, weights), shared_out(kit.tax_minor, weights)
    return [
        _part(kit, item, kit.ordered * quantity, price=price, tax=tax)
        for (item, quantity), price, tax in zip(made_of, prices, taxes, strict=True)
    ]


def shared_out(amount: int, weights: Sequence[int]) -> list[int]:
    """Whole shares that add up to the amount, none more than one off its weight."""
    shares, weighed, given = [], 0, 0
    for weight in weights:
        weighed += weight
        shares.append(amount * weighed // sum(weights) - given)
        given += shares[-1]
    return shares


def _part(kit: OrderLine, item: Item, ordered: int, *, price: int, tax: int) -> OrderLine:
    """A price for one that is just enough, and the rest of it off: so that the line's total is exactly its share."""
    unit_price = -(-price * 10**item.decimals // ordered)
    return OrderLine(
        order_id=kit.order_id, item_id=item.id, item=item, parent_line_id=kit.id, ordered=ordered, unfilled=ordered,
        unit_price_minor=unit_price, discount_minor=item.priced(ordered, unit_price) - price, tax_minor=tax,
        unit_cost_minor=item.cost_minor,
    )  # fmt: skip
