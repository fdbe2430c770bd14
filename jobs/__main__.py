"""`python -m jobs`: start the clock's work, stop on SIGTERM, and say so."""

import signal
import threading

from app import config, db
from app.events import log
from app.reactions import REACTIONS
from jobs import schedule


def main() -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = config.from_env()
    db.connect(settings.database_url)
    log.react_with(REACTIONS)
    scheduler = schedule.start(settings)
    print(f"Readyshelf jobs: {len(schedule.SCHEDULE)} lines, started.", flush=True)
    stop.wait()
    scheduler.shutdown()
    db.disconnect()
    print("Readyshelf jobs: stopped.", flush=True)


if __name__ == "__main__":
    main()
