"""What every verb of the API's description is made of: its key, its body, its answers and its refusals."""

from typing import Any

from app.web.api_answers import OrderOut

REFUSED = {
    400: "Not JSON, or no Idempotency-Key", 401: "No key we know", 403: "A channel this key is not for",
    404: "No such order",
    409: "The order says no, or the first request with this key is still being answered",
    413: "Too large", 415: "Not application/json",
    422: "Not what this address takes", 503: "Try again in a moment",
}  # fmt: skip
ORDER_ID = {
    "name": "order_id", "in": "path", "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": 2147483647},
}  # fmt: skip
LINE_ID = ORDER_ID | {"name": "line_id"}
KEY = {
    "name": "Idempotency-Key", "in": "header", "required": True,
    "description": "Sent again with the same body: the first answer again, and no second effect.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}  # fmt: skip


def act(name: str, summary: str, body: str, status: int) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": ref(body)}}},
        "responses": responses(status),
    }


def responses(status: int, model: str = OrderOut.__name__, words: str = "The order as it stands") -> dict[str, Any]:
    good = {"description": words, "content": {"application/json": {"schema": ref(model)}}}
    bad = {"application/problem+json": {"schema": ref("Problem")}}
    return {str(status): good, **{str(no): {"description": words, "content": bad} for no, words in REFUSED.items()}}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
