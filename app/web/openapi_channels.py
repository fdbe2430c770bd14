"""The part of the API's description that is about channels: from where they sell, and what they are allotted."""

from typing import Any

from app.web.api_fields import MOST_LINES
from app.web.channel_models import AllotmentIn, AllotmentOut, ChannelOut, ChannelsOut, SellFromIn
from app.web.openapi_parts import act, responses

CODE = {"type": "string", "minLength": 1, "maxLength": 80}
CHANNEL = {"name": "channel", "in": "query", "required": True, "schema": CODE}


def channel_paths() -> dict[str, Any]:
    all_of_them = responses(200, ChannelsOut.__name__, "All channels the key is for")
    sells = responses(200, ChannelOut.__name__, "From where the channel sells")
    look = {"operationId": "channels", "summary": "From where each channel sells, with a key for stock"}
    say = act("sell_from", "Say from where a channel sells, with a key for stock", SellFromIn.__name__, 200)
    return {
        "/api/channels": {"get": look | {"responses": all_of_them}},
        "/api/channels/nodes": {"post": say | {"responses": sells}},
        "/api/allotments": _allotments(),
    }


def _allotments() -> dict[str, Any]:
    stands = {"responses": responses(200, AllotmentOut.__name__, "What is allotted, a hundred at once")}
    after = {"name": "after", "in": "query", "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"}}
    return {
        "get": {"operationId": "allotted", "summary": "What is allotted to a channel, with a key for stock",
                "parameters": [CHANNEL, _skus(is_required=False), after]} | stands,
        "post": act("allot", "Allot items to a channel, with a key for stock", AllotmentIn.__name__, 200) | stands,
        "delete": {"operationId": "take_allotment_back", "summary": "Sell these on the terms of any other item again",
                   "parameters": [CHANNEL, _skus(is_required=True)]} | stands,
    }  # fmt: skip


def _skus(*, is_required: bool) -> dict[str, Any]:
    several = {"type": "array", "items": CODE, "maxItems": MOST_LINES}
    return {"name": "sku", "in": "query", "required": is_required, "schema": several}
