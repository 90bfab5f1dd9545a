"""Looks into the database of a room's object, and replaces what is in it. Only `find` while the edge has it open.

    storage.py find FOLDER ROOM         the database of a room
    storage.py dump DATABASE            SQL that makes the tables anew, on standard output
    storage.py load DATABASE SQL_FILE   the tables of SQL_FILE instead of those that are there
    storage.py largest DATABASE         bytes of the largest row, and its table

The runtime's own tables, whose names begin with `_`, are left alone.
"""

import hashlib
import hmac
import pathlib
import sqlite3
import sys


def find(folder, room):
    """The runtime names the file by a hash of the object's name, keyed with that of its class."""
    folder = pathlib.Path(folder)
    key = hashlib.sha256(folder.name.encode()).digest()
    name = hmac.digest(key, room.encode(), "sha256")[:16]
    path = folder / f"{(name + hmac.digest(key, name, 'sha256')[:16]).hex()}.sqlite"
    print(path if path.exists() else sys.exit(f"there is no {path}"))


def names_of(database):
    """The tables that a room has made."""
    found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
    return [name for (name,) in found if not name.startswith(("_", "sqlite_"))]


def dump(database):
    names = names_of(database)
    for line in database.iterdump():
        is_ours = any(f'TABLE {name}' in line or f'INTO "{name}"' in line for name in names)
        if is_ours:
            print(line)


def load(database, path):
    for name in names_of(database):
        database.execute(f'DROP TABLE "{name}"')
    with open(path, encoding="utf-8") as file:
        database.executescript(file.read())
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def largest(database):
    """SQLite's own limit is on the sum of a row's columns, as the runtime's is."""
    found = (0, "")
    for name in names_of(database):
        columns = [row[1] for row in database.execute(f'PRAGMA table_info("{name}")')]
        size = " + ".join(f'coalesce(length(CAST("{column}" AS BLOB)), 0)' for column in columns)
        (bytes_,) = database.execute(f'SELECT coalesce(max({size}), 0) FROM "{name}"').fetchone()
        found = max(found, (bytes_, name))
    print(*found)


verb, place, *rest = sys.argv[1:]
if verb == "find":
    find(place, *rest)
else:
    opened = sqlite3.connect(place)
    {"dump": dump, "load": load, "largest": largest}[verb](opened, *rest)
    opened.close()
