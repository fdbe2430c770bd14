"""The domain saying no, in words for the person who asked."""


class Refusal(Exception):
    """Not an error: it travels as 409 with its sentence, and nothing has changed."""

    status = 409

    @property
    def words(self) -> str:
        return str(self.args[0])


class NotFound(Refusal):
    """A stranger's row and a missing row look the same from outside."""

    status = 404

    def __init__(self, words: str = "There is no such thing here.") -> None:
        super().__init__(words)


class Unreadable(Refusal):
    """What was sent can't be understood, so nothing could be decided about it."""

    status = 422
