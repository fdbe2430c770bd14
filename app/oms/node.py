"""Any place that holds stock: a store, a distribution centre, a drop-ship vendor."""

from collections.abc import Iterable
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from app import db
from app.refusals import Unreadable


class NodeKind(StrEnum):
    """What sort of place it is."""

    STORE = "store"
    DC = "distribution centre"
    VENDOR = "drop-ship vendor"


class Node(SQLModel, table=True):
    """A place with stock, known by its code to the systems around us."""

    __tablename__ = "node"

    id: int = Field(default=None, primary_key=True)
    kind: NodeKind = Field(sa_type=db.choice(NodeKind))
    code: str = Field(unique=True)
    name: str


def by_code(session: Session, codes: set[str]) -> dict[str, Node]:
    return {node.code: node for node in session.exec(select(Node).where(col(Node.code).in_(codes)))}


def ids_of(session: Session, codes: Iterable[str]) -> list[int]:
    """Of all of these, or the first that is no code of ours is named."""
    wanted = set(codes)
    found = by_code(session, wanted)
    if unknown := sorted(wanted - found.keys()):
        raise Unreadable(f"There is no node {unknown[0]}.")
    return [node.id for node in found.values()]
