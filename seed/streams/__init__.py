"""Real orders of real shops, read as a world and what happened in it; values only, no database.

    stream = open_stream("completejourney", first=date(2017, 6, 17), last=date(2017, 6, 17))
    print(stream.describe())            # what it is, what was left out and why, what was taken for granted
    world = stream.world()              # regions, stores, items with their places, opening stock, currency
    for happening in stream.events():   # in time order, as often as you like; `stream.total` of them
        match happening:
            case Basket(is_pickup=True): ...   # a click-and-collect order
            case Basket(): ...                 # a till sale
            case Cancellation(): ...           # goods that come back

The same words give the same stream on every machine: nothing here is drawn by lot.
"""

from datetime import date
from pathlib import Path

from seed.streams import complete_journey, online_retail
from seed.streams.happenings import Basket, Cancellation, Happening, Line, ReturnedLine
from seed.streams.stream import PICKUP_SHARE, Stream
from seed.streams.window import Window
from seed.streams.world import ItemSpec, PlaceSpec, RegionSpec, StockSpec, StoreSpec, World

__all__ = [
    "Basket",
    "Cancellation",
    "Happening",
    "ItemSpec",
    "Line",
    "PlaceSpec",
    "RegionSpec",
    "ReturnedLine",
    "StockSpec",
    "StoreSpec",
    "Stream",
    "Window",
    "World",
    "open_stream",
]


def open_stream(
    source: str, *, first: date | None = None, last: date | None = None, pickup_share: float = PICKUP_SHARE
) -> Stream:
    """`completejourney`, or the path of an Online Retail file; `first` and `last` are days in the stores' own time.

    Refuses with a sentence (`app.refusals.Refusal`) when the data is missing, is something else, or holds nothing.
    """
    window = Window(first, last)
    if source == complete_journey.NAME:
        return Stream(complete_journey.CompleteJourney(window, pickup_share))
    return Stream(online_retail.OnlineRetail(Path(source), window, pickup_share))
