"""A start with settings that can't work is refused, with a sentence that says what to set."""

from pathlib import Path

import pytest

from app import config
from app.config import BadSettings

SECRET = "s" * 32


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"READYSHELF_COLOUR": "red"}, "READYSHELF_COLOUR"),
        ({"READYSHELF_ENV": "staging"}, "READYSHELF_ENV"),
        ({"READYSHELF_ENV": "production"}, "SECRET_KEY"),
        ({"READYSHELF_ENV": "production", "SECRET_KEY": SECRET}, "PUBLIC_URL"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"DATABASE_URL": "mysql://shop"}, "DATABASE_URL"),
        ({"PUBLIC_URL": "shop.example.org"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "ftp://shop.example.org"}, "PUBLIC_URL"),
        ({"SMTP_URL": "smtp://mail:port"}, "SMTP_URL"),
        ({"WEBHOOK_NETWORKS": "10.1.0.0/16,inside"}, "WEBHOOK_NETWORKS"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
    ],
)
def test_a_setting_that_cannot_work_stops_the_start(tmp_path: Path, environment: dict[str, str], named: str):
    with pytest.raises(BadSettings, match=named):
        config.from_env(environment, var=tmp_path)


def test_production_starts_with_a_secret_of_its_own(tmp_path: Path):
    environment = {"READYSHELF_ENV": "production", "SECRET_KEY": SECRET, "PUBLIC_URL": "https://shop.example.org/"}
    settings = config.from_env(environment, var=tmp_path)
    assert (settings.is_demo, settings.is_https, settings.public_url) == (False, True, "https://shop.example.org")


def test_the_demos_letters_lead_back_to_the_port_it_serves_on(tmp_path: Path):
    assert config.from_env({}, var=tmp_path, port=8123).public_url == "http://127.0.0.1:8123"


def test_the_demo_keeps_one_secret_between_starts_which_only_its_owner_reads(tmp_path: Path):
    first, second = (config.from_env({}, var=tmp_path).secret_key for _ in "ab")
    assert first == second
    assert len(first) >= len(SECRET)
    assert (tmp_path / config.DEMO_KEY_FILE).stat().st_mode & 0o077 == 0


def test_the_demos_data_may_lie_elsewhere(tmp_path: Path):
    settings = config.from_env({"READYSHELF_VAR": str(tmp_path / "data")}, var=tmp_path)
    assert settings.var == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path / 'data' / 'readyshelf.db'}"
