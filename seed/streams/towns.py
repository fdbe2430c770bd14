"""Names for stores and regions the data knows only by number; made up, and the same every time."""

_BEGINNINGS = (
    "Alder Birch Bramble Cedar Clover Copper Elm Fern Fox Hazel Heron Holly Juniper Larch Linden Maple Marl Otter "
    "Quarry Rowan Sorrel Stone Thistle Willow Wren"
).split()
_ENDINGS = (
    "bridge brook bury by cliff combe croft dale field ford gate ham haven hurst leigh mead mill ridge ton wick"
).split()
_STRIDE = 189
"""Shares no factor with the number of names, so that neighbours get unlike names and none is given twice."""

REGIONS = {
    "R01": "Lakeshore",
    "R02": "River Valley",
    "R03": "North Fork",
    "R04": "Prairie",
    "R05": "Highlands",
    "R06": "Canal",
    "R07": "Orchard",
    "R08": "Foothills",
    "R09": "Old Mill",
    "R10": "Harbour",
    "R11": "Meadows",
    "R12": "Pinewood",
}


def town(rank: int) -> str:
    """The name of the store that comes `rank`th among its chain's; 500 differ."""
    beginning, ending = divmod(rank * _STRIDE % (len(_BEGINNINGS) * len(_ENDINGS)), len(_ENDINGS))
    return _BEGINNINGS[beginning] + _ENDINGS[ending]


def region(rank: int, *, of: int) -> str:
    """The code of the region a store belongs to when the chain has `of` regions."""
    return list(REGIONS)[rank % min(of, len(REGIONS))]
