-- One group of appends, in one round trip to the connection's thread whatever its size, within a transaction that was begun; where there
-- is anything else than events in it, after append_new.sql. $1 holds the bytes of the whole group one after the other; the JSON
-- arrays hold numbers and offsets (from 1) into it, so that no body is encoded as text on its way.
INSERT INTO events (centre, position, stream, version, recorded_ms, kind, kind_version, leaf, body)
SELECT
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
    substr($1, value ->> 7, 32), substr($1, (value ->> 7) + 32, value ->> 8)
FROM jsonb_each($5);

INSERT INTO heads (centre, position, recorded_ms, clock_steps_back, streams, frontier, committed)
SELECT
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, substr($1, value ->> 5, value ->> 6), value ->> 7
FROM jsonb_each($7) WHERE true
ON CONFLICT (centre) DO UPDATE SET
    position = excluded.position,
    recorded_ms = excluded.recorded_ms,
    clock_steps_back = excluded.clock_steps_back,
    streams = excluded.streams,
    frontier = excluded.frontier,
    committed = excluded.committed;

COMMIT;

-- How long the write-ahead log is now: its pages, and those that are in the database too.
PRAGMA wal_checkpoint(NOOP);
