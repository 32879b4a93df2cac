"""Fixtures of the data tests."""

from helpers.data_fixtures import cache, impatient, tiny_official, web  # noqa: F401
