-- The keys of persons, wrapped by the master key of an epoch. Nothing here says what belongs to whom but by numbers drawn at random or
-- derived from a case's; whoever has this file and not the master key has nothing.
PRAGMA application_id = 0x79737503;

CREATE TABLE format (number INTEGER NOT NULL) STRICT;
INSERT INTO format VALUES (2);

-- A person is of one case, in which the first text of that person stands.
CREATE TABLE persons (
    person  BLOB NOT NULL PRIMARY KEY CHECK (length(person) = 16),
    centre  TEXT NOT NULL,
    stream  BLOB NOT NULL CHECK (length(stream) = 16),
    epoch   INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    -- What is kept of the person is kept, and shown to nobody.
    restricted INTEGER NOT NULL DEFAULT 0 CHECK (restricted IN (0, 1))
) STRICT, WITHOUT ROWID;

-- By what a person may be found: a telephone number under a key that only this store has.
CREATE TABLE handles (
    token  BLOB NOT NULL CHECK (length(token) = 32),
    person BLOB NOT NULL REFERENCES persons (person) ON DELETE CASCADE,
    PRIMARY KEY (token, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX handles_of_person ON handles (person);

-- Whose key was destroyed: such a person never gets another one.
CREATE TABLE erased (
    person BLOB NOT NULL PRIMARY KEY CHECK (length(person) = 16),
    centre TEXT NOT NULL,
    stream BLOB NOT NULL CHECK (length(stream) = 16)
) STRICT, WITHOUT ROWID;

-- Whose key may have to be destroyed, or whose texts shown or not shown any more: written before the log says so, so that a crash between
-- the two is brought to its end.
CREATE TABLE erasing (
    person BLOB NOT NULL PRIMARY KEY CHECK (length(person) = 16),
    centre TEXT NOT NULL,
    stream BLOB NOT NULL CHECK (length(stream) = 16),
    -- How often: what was carried out for one note is not said of one that came meanwhile.
    times  INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

-- The key for handles.
CREATE TABLE own (
    name    TEXT NOT NULL PRIMARY KEY,
    epoch   INTEGER NOT NULL,
    wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;
