"""Databases on the tests' own PostgreSQL server."""

from __future__ import annotations

import itertools

import psycopg

_numbers = itertools.count(1)


def new_database(server: str, template: str = "template0") -> str:
    """Make a database on a server and return its URL."""
    database = f"catalogue_{next(_numbers)}"
    with psycopg.connect(f"host={server} user=collector dbname=postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
    return f"postgresql://collector@/{database}?host={server}"
