import ast
from pathlib import Path

import pytest

from app.refusals import Refusal
from tests.house import everything, source


def needs_words(kind: type[Refusal]) -> bool:
    """Not where the class brings a sentence of its own."""
    try:
        return not kind().words
    except (IndexError, TypeError):
        return True


KINDS: list[type[Refusal]] = [Refusal, *everything.kinds_of(Refusal)]
NEEDS_WORDS = {kind.__name__ for kind in KINDS if needs_words(kind)}


def refusals_in(module: Path) -> list[ast.Call]:
    calls = [node for node in ast.walk(source.tree(module)) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func).rpartition(".")[2] in NEEDS_WORDS]


def last_words(sentence: ast.expr) -> str | None:
    """How a sentence ends, as far as the source shows it."""
    if isinstance(sentence, ast.JoinedStr):
        sentence = sentence.values[-1]
    return sentence.value if isinstance(sentence, ast.Constant) and isinstance(sentence.value, str) else None


@pytest.mark.parametrize("module", source.modules(), ids=source.name)
def test_a_refusal_is_a_sentence_for_the_person_who_asked(module: Path):
    refusals = refusals_in(module)

    silent = [ast.unparse(call) for call in refusals if not call.args and not call.keywords]
    endings = [(call, last_words(call.args[0])) for call in refusals if call.args]
    unfinished = [ast.unparse(call) for call, end in endings if end is not None and not end.endswith((".", "?", "!"))]

    assert not silent
    assert not unfinished


def test_no_refusal_is_called_an_error():
    assert not [kind for kind in everything.kinds_of(Refusal) if kind.__name__.endswith(("Error", "Exception"))]
