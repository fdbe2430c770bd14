"""What was sent to the API, read strictly; or the problem document that says what is wrong with it."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from flask import Response, request
from pydantic import BaseModel, ValidationError

from app.web.errors import problem
from app.web.strict_json import NotJson, read_json

MOST_ERRORS = 20
OF_OUR_OWN = "Value error, "
"""What the library puts before a sentence of ours."""

Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model]) -> Model | Response:
    """The body of this request."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in {"utf-8", "utf8"}:
        return problem(415, "Send application/json, in UTF-8.", slug="unsupported-media-type")
    try:
        return valid(model, read_json(request.get_data()), what="The body")
    except NotJson as broken:
        return problem(400, str(broken), slug="not-json")


def asked(model: type[Model], *, several: Mapping[str, str], once: Collection[str]) -> Model | Response:
    """The question in this address; `several` names what each list is made of."""
    lists: dict[str, Any] = {name: request.args.getlist(each) for name, each in several.items()}
    said = {name: request.args.getlist(name) for name in once}
    one = {name: values[0] if len(values) == 1 else values for name, values in said.items() if values}
    return valid(model, lists | one, what="The question")


def valid(model: type[Model], said: Any, *, what: str) -> Model | Response:
    try:
        return model.model_validate(said)
    except ValidationError as wrong:
        found = [
            {"field": ".".join(map(str, each["loc"])), "words": each["msg"].removeprefix(OF_OUR_OWN)}
            for each in wrong.errors(include_input=False)
        ]
        return problem(422, f"{what} is not what this address takes.", slug="invalid", errors=found[:MOST_ERRORS])
