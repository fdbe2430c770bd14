"""A hold: what a basket keeps under its key until an order takes it over, its owner lets it go, or it runs out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.oms import expiry, inventory
from app.oms.balance import Key
from app.oms.inventory import Cause, Change, Page, Reason
from app.oms.reservation import Reservation, ReservationOver, ReservationState
from app.oms.verdict import Lack, SoldOut
from app.refusals import Unreadable


class NotHeld(ReservationOver):
    """Nothing of this item is kept there by this hold."""


def key_of(hold_id: UUID) -> str:
    """Under which the hold was admitted."""
    return f"hold/{hold_id}"


def of_channel(session: Session, hold_id: UUID, channel: str) -> str:
    """The key of the hold that an order of this channel takes over, whether it stands or not."""
    claims = of(session, key_of(hold_id))
    if not claims or claims[0].channel != channel:
        raise Unreadable(f"There is no reservation {hold_id} of the channel {channel}.")
    return key_of(hold_id)


def of(session: Session, key: str) -> list[Reservation]:
    """All it ever kept, one row for each item and node."""
    return list(session.exec(_claims([key])))


def keys(session: Session, hold_keys: Iterable[str]) -> list[Key]:
    """The balances to lock before the holds are looked at: they never change."""
    return [claim.key for claim in session.exec(_claims(hold_keys))]


def standing(session: Session, hold_keys: Iterable[str], *, at: datetime) -> dict[str, Mapping[Key, int]]:
    """Of the holds that have not run out, how much each keeps; their balances are locked."""
    kept: dict[str, dict[Key, int]] = {}
    for claim in _locked(session, hold_keys):
        if claim.is_standing(at):
            kept.setdefault(str(claim.admission_key), {})[claim.key] = claim.open_quantity
    return dict(kept)


def move(session: Session, hold_keys: Sequence[str]) -> None:
    """Another request has these units from now on; on the ledger stands what that changed."""
    if hold_keys:
        for claim in session.exec(_claims(hold_keys)):
            if claim.open_quantity:
                claim.end(ReservationState.MOVED)
        session.flush()


def change(session: Session, key: str, wanted: Mapping[Key, int], *, actor: str, at: datetime) -> None:
    """Keep so many from now on: more passes the same guard as any promise, fewer go back on sale."""
    page = inventory.open_page(session, sorted(wanted), is_making=False)
    claims = {claim.key: claim for claim in _locked(session, [key]) if claim.is_standing(at)}
    if wanted.keys() - claims.keys():
        raise NotHeld("Of one of these nothing is held any more: ask for it anew.")
    more = {each: quantity - claims[each].open_quantity for each, quantity in wanted.items()}
    while lacking := list(_lacking(page, more, claims)):
        if not expiry.expire(session, page, at=at):
            page.save()  # what ran out has gone, whether the caller goes on or not
            raise SoldOut("There isn't enough free stock to hold so much.", lacking)
    for each, units in sorted(more.items()):
        if units:
            page.enter(_change(each, units), _cause(key, units, actor=actor, at=at))
            claims[each].resize(units)
    page.save()


def release(session: Session, key: str, *, actor: str, at: datetime) -> None:
    """Nobody wants it any more; what has run out or was taken over is left as it is."""
    page = inventory.open_page(session, keys(session, [key]), is_making=False)
    for claim in _locked(session, [key]):
        if claim.is_standing(at):
            units = -claim.open_quantity
            page.enter(_change(claim.key, units), _cause(key, units, actor=actor, at=at))
            claim.end(ReservationState.RELEASED)
    page.save()


def state_of(claims: Iterable[Reservation], *, at: datetime) -> ReservationState:
    """It stands as long as some of it does; else it ended as most of it did."""
    claims = list(claims)
    if standing := [claim.state for claim in claims if claim.is_standing(at)]:
        return standing[0]
    ends = [ReservationState.EXPIRED if claim.open_quantity else claim.state for claim in claims]
    return max(ends, key=(ReservationState.RELEASED, ReservationState.EXPIRED, ReservationState.MOVED).index)


def _claims(hold_keys: Iterable[str]) -> SelectOfScalar[Reservation]:
    mine = col(Reservation.admission_key).in_(sorted(set(hold_keys)))
    return select(Reservation).where(mine).order_by(col(Reservation.id))


def _locked(session: Session, hold_keys: Iterable[str]) -> list[Reservation]:
    """As they are, after their balances: whoever sweeps or takes over waits there."""
    fresh = _claims(hold_keys).with_for_update().execution_options(populate_existing=True)
    return list(session.exec(fresh))


def _lacking(page: Page, more: Mapping[Key, int], claims: Mapping[Key, Reservation]) -> Iterable[Lack]:
    for key, units in more.items():
        level = page.levels[key]
        free = max(0, level.free(floor=level.safety))
        if units > free:
            held = claims[key].open_quantity
            yield Lack(*key, asked=held + units, free=held + free)


def _change(key: Key, units: int) -> Change:
    return Change(item_id=key[0], node_id=key[1], reserved=units)


def _cause(document: str, units: int, *, actor: str, at: datetime) -> Cause:
    reason = Reason.RESERVED if units > 0 else Reason.RELEASED
    return Cause(reason=reason, document=document, actor=actor, occurred_at=at, recorded_at=at)
