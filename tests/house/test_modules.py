import ast
import re
from pathlib import Path

import pytest

from tests.house import source

LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
SAYS_NOTHING = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "base",
    "manager",
    "service",
    "services",
    "data",
}

each_module = pytest.mark.parametrize("module", source.modules(), ids=source.name)


@each_module
def test_a_module_opens_with_one_sentence_that_says_what_it_holds(module: Path):
    opening = (ast.get_docstring(source.tree(module)) or "").partition("\n\n")[0]

    assert opening, "begin with a sentence, in shop words"
    assert opening.endswith((".", "`")), f"a whole sentence, then an empty line: {opening!r}"


@each_module
def test_a_module_that_grows_past_its_limit_is_two_subjects(module: Path):
    assert len(module.read_text().splitlines()) <= LONGEST_MODULE


@each_module
def test_a_function_fits_on_a_screen(module: Path):
    functions = [node for node in ast.walk(source.tree(module)) if isinstance(node, ast.FunctionDef)]

    too_long = [f.name for f in functions if (f.end_lineno or 0) - f.lineno + 1 > LONGEST_FUNCTION]

    assert not too_long


@each_module
def test_names_say_what_a_thing_is_about(module: Path):
    classes = [node.name for node in ast.walk(source.tree(module)) if isinstance(node, ast.ClassDef)]
    words = [word for part in module.relative_to(source.ROOT).with_suffix("").parts for word in part.split("_")]
    words += [word for each in classes for word in re.findall(r"[A-Z][a-z]+", each)]

    assert not SAYS_NOTHING & {word.lower() for word in words}
