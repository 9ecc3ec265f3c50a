"""Secrets do not get into messages."""

from __future__ import annotations

from typing import Any

import pytest

from workbook_lib.sources.airflow.engine._secrets import hide


@pytest.mark.parametrize(
    ("inputs", "shown"),
    [
        ({}, "login reader with s3cret/1"),
        ({"connections": {"c": {"login": "reader", "password": "s3cret/1"}}}, "login reader with ***"),
        ({"connections": {"c": {"password": "s3cret"}, "d": {"password": "s3cret/1"}}}, "login reader with ***"),
        ({"connections": {"c": "postgresql://reader:s3cret%2F1@host/db"}}, "login reader with ***"),
        ({"connections": {"c": {"extra": '{"api_key": "s3cret/1", "name": "reader"}'}}}, "login reader with ***"),
        ({"connections": {"c": {"extra": {"nested": {"token": "s3cret/1"}}}}}, "login reader with ***"),
        ({"connections": {"c": {"extra": "s3cret/1"}}}, "login reader with ***"),
        ({"connections": {"c": {"password": "s3", "extra": None}}}, "login reader with s3cret/1"),
        ({"variables": {"db_password": "s3cret/1", "name": "reader"}, "env": {"MY_SECRET": "login"}}, "*** reader with ***"),
    ],
)
def test_a_message_shows_no_secret(inputs: dict[str, Any], shown: str) -> None:
    assert hide("login reader with s3cret/1", inputs) == shown
