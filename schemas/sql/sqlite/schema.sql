-- The log. One row of `events` is one event; nothing in it is ever changed or removed, and the triggers at the end say so
-- to whoever opens this file by hand. They do not protect it from somebody who drops them: `verify` is for that.

PRAGMA application_id = 0x79737501;

CREATE TABLE format (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO format (only, number) VALUES (1, 1);

-- Names are kept once and meant by small integers: a third of the bytes, and half the time of an insert.
CREATE TABLE centres (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE kinds (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    centre INTEGER NOT NULL REFERENCES centres,
    ordinal INTEGER NOT NULL,              -- streams of the centre that began before it
    uuid BLOB NOT NULL CHECK (length(uuid) = 16),
    UNIQUE (centre, uuid)
) STRICT;

-- Every column but `leaf` and `body` is a field of the hashed header (see crates/transparency): leaf = SM3(0 ‖ header ‖
-- SM3(body)). The header's last field, the leaf of the stream's event before, is not kept twice: it stands in that one's row. Not STRICT: a value of a wrong type is for `verify` to report, and STRICT would only stop the honest.
CREATE TABLE events (
    centre INTEGER NOT NULL REFERENCES centres,
    position INTEGER NOT NULL,             -- gapless from 1 within a centre
    stream INTEGER NOT NULL REFERENCES streams,
    version INTEGER NOT NULL,              -- gapless from 1 within a stream
    recorded_ms INTEGER NOT NULL,          -- since 1970-01-01T00:00:00Z; never decreases within a centre
    kind INTEGER NOT NULL REFERENCES kinds,
    kind_version INTEGER NOT NULL,
    leaf BLOB NOT NULL,
    body BLOB NOT NULL,                    -- the caller's bytes
    PRIMARY KEY (centre, position),
    UNIQUE (centre, stream, version)
);

-- Copies, so that an append need not look for them: of the last event, and of the tree's right edge after it.
CREATE TABLE heads (
    centre INTEGER PRIMARY KEY REFERENCES centres,
    position INTEGER NOT NULL,
    recorded_ms INTEGER NOT NULL,
    clock_steps_back INTEGER NOT NULL,
    streams INTEGER NOT NULL,              -- how many have begun
    frontier BLOB NOT NULL,                -- size and roots of the complete subtrees (crates/transparency)
    committed INTEGER NOT NULL             -- the last position that the newest `heads_committed` covers; 0 if there is none
) STRICT;

-- The tree over the heads of a centre's streams, as the newest `heads_committed` has it: leaf n is the stream of ordinal n.
-- Unlike everything else here it changes; the log says what it has to be. At level 64, number 0, stand together the nodes that
-- many changes made and that are not in their places yet, tile by tile: level (1 byte), number (8 bytes), which of its nodes (4 bytes,
-- the lowest bit is the first of them; big-endian, all of these) and their hashes. They go before what is in those places.
-- With row ids: without them whole rows would stand on the inner pages too, eight on a page, and a look-up go through six of them.
CREATE TABLE head_nodes (
    centre INTEGER NOT NULL REFERENCES centres,
    level INTEGER NOT NULL,                -- the height of its lowest nodes: 0, 4, 8 …
    number INTEGER NOT NULL,               -- from 0
    nodes BLOB NOT NULL,                   -- 16 of that height, the 8 and 4 and 2 above them; zeros where there is none
    PRIMARY KEY (centre, level, number)
) STRICT;

-- The tree over a centre's leaves (RFC 6962), above 256 of them: every node that has all its leaves, once. What lies below is
-- made of the rows' leaves when somebody asks, which are kept once as it is.
CREATE TABLE tree_nodes (
    centre INTEGER NOT NULL REFERENCES centres,
    level INTEGER NOT NULL,                -- its height, from 8
    number INTEGER NOT NULL,               -- from 0: its first leaf is that of position 1 + (number << level)
    hash BLOB NOT NULL,
    PRIMARY KEY (centre, level, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
    centre INTEGER NOT NULL REFERENCES centres,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (centre, name)
) STRICT, WITHOUT ROWID;

-- Every running number that was given out, with the first position of its append: without them a counter that was
-- altered could not be told from one that was not.
CREATE TABLE numbers (
    centre INTEGER NOT NULL REFERENCES centres,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (centre, name, number)
) STRICT, WITHOUT ROWID;

-- For people with the sqlite3 shell: SELECT * FROM readable_events.
CREATE VIEW readable_events AS
SELECT
    centres.code AS centre,
    events.position,
    lower(hex(streams.uuid)) AS stream,
    events.version,
    strftime('%Y-%m-%dT%H:%M:%fZ', events.recorded_ms / 1000.0, 'unixepoch') AS recorded,
    kinds.name AS kind,
    events.kind_version,
    lower(hex(events.leaf)) AS leaf,
    CAST(events.body AS TEXT) AS body
FROM events
LEFT JOIN centres ON centres.id = events.centre
LEFT JOIN streams ON streams.id = events.stream
LEFT JOIN kinds ON kinds.id = events.kind;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;

-- Also what stops INSERT OR REPLACE, as recursive_triggers is ON.
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END;

CREATE TRIGGER events_follow_without_a_gap BEFORE INSERT ON events
BEGIN
    SELECT RAISE(ABORT, 'the position does not follow the last one of the centre')
    WHERE NEW.position <> 1 + ifnull((SELECT max(position) FROM events WHERE centre = NEW.centre), 0);
    SELECT RAISE(ABORT, 'the version does not follow the last one of the stream')
    WHERE NEW.version <> 1 + ifnull((SELECT max(version) FROM events WHERE centre = NEW.centre AND stream = NEW.stream), 0);
    SELECT RAISE(ABORT, 'the recorded time is earlier than that of the event before')
    WHERE NEW.recorded_ms < (SELECT recorded_ms FROM events WHERE centre = NEW.centre AND position = NEW.position - 1);
END;

CREATE TRIGGER centres_are_never_changed BEFORE UPDATE ON centres
BEGIN SELECT RAISE(ABORT, 'a centre''s code is never changed'); END;
CREATE TRIGGER centres_are_never_removed BEFORE DELETE ON centres
BEGIN SELECT RAISE(ABORT, 'a centre is never removed'); END;

CREATE TRIGGER kinds_are_never_changed BEFORE UPDATE ON kinds
BEGIN SELECT RAISE(ABORT, 'the name of a type is never changed'); END;
CREATE TRIGGER kinds_are_never_removed BEFORE DELETE ON kinds
BEGIN SELECT RAISE(ABORT, 'a type is never removed'); END;

CREATE TRIGGER streams_are_never_changed BEFORE UPDATE ON streams
BEGIN SELECT RAISE(ABORT, 'a stream is never changed'); END;
CREATE TRIGGER streams_are_never_removed BEFORE DELETE ON streams
BEGIN SELECT RAISE(ABORT, 'a stream is never removed'); END;

CREATE TRIGGER numbers_are_never_changed BEFORE UPDATE ON numbers
BEGIN SELECT RAISE(ABORT, 'a number that was given out is never changed'); END;
CREATE TRIGGER numbers_are_never_removed BEFORE DELETE ON numbers
BEGIN SELECT RAISE(ABORT, 'a number that was given out is never removed'); END;

CREATE TRIGGER tree_nodes_are_never_changed BEFORE UPDATE ON tree_nodes
BEGIN SELECT RAISE(ABORT, 'a node of the tree is never changed'); END;
CREATE TRIGGER tree_nodes_are_never_removed BEFORE DELETE ON tree_nodes
BEGIN SELECT RAISE(ABORT, 'a node of the tree is never removed'); END;

CREATE TRIGGER heads_only_move_forward BEFORE UPDATE ON heads
WHEN NEW.centre <> OLD.centre OR NEW.position < OLD.position OR NEW.recorded_ms < OLD.recorded_ms OR NEW.streams < OLD.streams
    OR NEW.committed < OLD.committed
BEGIN SELECT RAISE(ABORT, 'a head only moves forward'); END;
CREATE TRIGGER heads_are_never_removed BEFORE DELETE ON heads
BEGIN SELECT RAISE(ABORT, 'a head is never removed'); END;

CREATE TRIGGER counters_only_move_forward BEFORE UPDATE ON counters
WHEN NEW.centre <> OLD.centre OR NEW.name <> OLD.name OR NEW.value < OLD.value
BEGIN SELECT RAISE(ABORT, 'a counter only moves forward'); END;
CREATE TRIGGER counters_are_never_removed BEFORE DELETE ON counters
BEGIN SELECT RAISE(ABORT, 'a counter is never removed'); END;
