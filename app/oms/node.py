"""Any place that holds stock: a store, a distribution centre, a drop-ship vendor."""

from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from app import db


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
