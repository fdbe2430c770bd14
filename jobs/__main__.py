"""`python -m jobs`, and `readyshelf jobs`: start the clock's work, stop on SIGTERM, and say so."""

import os
import signal
import threading

import structlog

from app import config, db, wire
from app.config import Settings
from jobs import schedule


def main() -> None:
    settings = config.from_env()
    wire(settings)
    run(settings)


def run(settings: Settings) -> None:
    """Tick until SIGTERM or Ctrl-C; this process is wired already."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler = schedule.start(settings)
    print(f"Readyshelf jobs: {len(schedule.SCHEDULE)} lines, started.", flush=True)
    stop.wait()
    is_finished = schedule.stop(scheduler)
    print("Readyshelf jobs: stopped.", flush=True)
    if not is_finished:
        structlog.get_logger().warning("left while somebody outside kept us waiting: the message goes once more later")
        os._exit(0)
    db.disconnect()


if __name__ == "__main__":
    main()
