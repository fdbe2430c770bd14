from jobs import schedule


def test_everything_the_clock_does_stands_once_in_the_schedule():
    sentences = [line[0] for line in schedule.SCHEDULE]

    assert sentences
    assert len(sentences) == len(set(sentences))
