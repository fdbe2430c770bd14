"""Sixty towns of Great Britain where they really lie, with their people: where the shops are and customers live."""

from typing import NamedTuple

from app.oms.candidates import kilometres


class Point(NamedTuple):
    """Degrees north and east."""

    latitude: float
    longitude: float

    def km_to(self, other: "Point") -> float:
        return kilometres(self, other)


class Town(NamedTuple):
    name: str
    at: Point
    thousands: int


_TABLE = """
London West,51.51,-0.19,3000; London East,51.53,0.02,2900; London South,51.43,-0.10,2800; Birmingham,52.48,-1.90,1140
Leeds,53.80,-1.55,790; Glasgow,55.86,-4.25,630; Sheffield,53.38,-1.47,580; Manchester,53.48,-2.24,550
Edinburgh,55.95,-3.19,520; Liverpool,53.41,-2.98,490; Bristol,51.45,-2.59,470; Cardiff,51.48,-3.18,360
Leicester,52.64,-1.13,370; Coventry,52.41,-1.51,360; Nottingham,52.95,-1.15,330; Newcastle,54.97,-1.61,300
Brighton,50.82,-0.14,280; Hull,53.74,-0.33,260; Plymouth,50.38,-4.14,260; Stoke-on-Trent,53.00,-2.18,260
Wolverhampton,52.59,-2.13,260; Derby,52.92,-1.48,260; Swansea,51.62,-3.94,240; Southampton,50.90,-1.40,250
Aberdeen,57.15,-2.09,200; Portsmouth,50.80,-1.09,210; Milton Keynes,52.04,-0.76,250; Northampton,52.24,-0.90,240
Luton,51.88,-0.42,220; Reading,51.45,-0.97,230; Norwich,52.63,1.30,200; York,53.96,-1.08,210
Swindon,51.56,-1.78,190; Bournemouth,50.72,-1.88,200; Middlesbrough,54.57,-1.23,150; Peterborough,52.57,-0.24,200
Sunderland,54.91,-1.38,170; Blackpool,53.82,-3.05,140; Dundee,56.46,-2.97,150; Cambridge,52.21,0.12,150
Oxford,51.75,-1.26,160; Exeter,50.72,-3.53,130; Ipswich,52.06,1.16,150; Gloucester,51.86,-2.24,130
Preston,53.76,-2.70,150; Colchester,51.89,0.90,130; Crawley,51.11,-0.19,120; Cheltenham,51.90,-2.08,120
Chester,53.19,-2.89,90; Lincoln,53.23,-0.54,100; Bath,51.38,-2.36,100; Maidstone,51.27,0.52,110
Worcester,52.19,-2.22,100; Carlisle,54.89,-2.93,75; Inverness,57.48,-4.22,65; Perth,56.40,-3.43,47
Truro,50.26,-5.05,23; Shrewsbury,52.71,-2.75,77; Canterbury,51.28,1.08,55; Aberystwyth,52.42,-4.08,15
""".strip()


def _towns(table: str) -> tuple[Town, ...]:
    rows = (row.strip().split(",") for line in table.splitlines() for row in line.split(";"))
    return tuple(Town(name, Point(float(north), float(east)), int(people)) for name, north, east, people in rows)


TOWNS = _towns(_TABLE)
