import re
from pathlib import Path

import pytest
from jinja2 import meta

from app import drawing
from tests.house import source

INPUTS = re.compile(r"\{# (?P<inputs>\w+: .+?)\.(?: .*?)?\s*#\}", re.DOTALL)
NO_INPUTS = re.compile(r"\{# Nothing\.(?: .*?)?\s*#\}", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
TAG = re.compile(r"<[a-zA-Z][^<>]*>", re.DOTALL)

# What our Content-Security-Policy refuses, so that a tablet would show it broken or not at all.
REFUSED = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an on… handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "an htmx handler in an attribute": re.compile(r"\shx-on[:-]|\shx-vals\s*=\s*[\"']js:", re.IGNORECASE),
    "a javascript: address": re.compile(r"=\s*[\"']?\s*javascript:", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script in the page": re.compile(r"<script\b(?![^>]*\b(?:src=|type=\"application/json\"))", re.IGNORECASE),
}

each_template = pytest.mark.parametrize("template", source.templates(), ids=source.name)
each_fragment = pytest.mark.parametrize("fragment", source.fragments(), ids=source.name)


def read(template: Path) -> str:
    return COMMENT.sub("", template.read_text())


@each_fragment
def test_a_fragment_begins_by_naming_its_inputs(fragment: Path):
    text = fragment.read_text()

    assert INPUTS.match(text) or NO_INPUTS.match(text), (
        "first line: {# task: PickupTask. What else a reader must know. #}"
    )


@each_fragment
def test_a_fragment_uses_only_what_it_named(fragment: Path):
    text = fragment.read_text()
    declared = INPUTS.match(text)
    environment = drawing.environment()

    named = set(re.findall(r"(?:^|[,;] )(\w+): ", declared["inputs"])) if declared else set()
    used = meta.find_undeclared_variables(environment.parse(text)) - set(environment.globals)

    assert not used - named


@each_fragment
def test_a_fragment_knows_neither_who_is_looking_nor_a_request(fragment: Path):
    assert not re.findall(r"\b(?:current_user|url_for|csrf_token|request)\b", read(fragment))


@each_template
def test_a_page_works_under_the_strict_policy(template: Path):
    tags = " ".join(TAG.findall(JINJA.sub("", read(template))))

    found = [what for what, pattern in REFUSED.items() if pattern.search(tags)]

    assert not found
