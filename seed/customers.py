"""Customers who don't exist: the same name for the same words, every time."""

from seed.streams import dice

FIRST = (
    "Priya Daniel Hana Luis Tomasz Ava Sofia Grace Omar Eleanor Marcus Ines Paul Nadia Amara Ben Chloe Dmitri Esther "
    "Farid Gemma Hugo Isla Jamal Katya Leo Mei Noah Olga Pedro Quinn Rosa Samir Thea Umar Vera Will Xenia Yusuf Zoe"
).split()
LAST = (
    "Nair Okafor Kim Garcia Wozniak Mitchell Rossi Laurent Bello Price Tan Carvalho Dunne Singh Osei Clarke Novak "
    "Adeyemi Haddad Whitfield Larsen Moreau Patel Quist Rahman Silva Tanaka Ueda Vance Weber Young Zhang Brandt "
    "Costa Diaz Evans"
).split()


def name_of(*words: str) -> str:
    return f"{FIRST[dice.pick(len(FIRST), 'first', *words)]} {LAST[dice.pick(len(LAST), 'last', *words)]}"


def email_of(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@example.com"
