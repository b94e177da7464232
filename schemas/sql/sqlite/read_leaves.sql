-- At most $3 events of a centre after position $2, with every field of their headers.
SELECT
    events.position, streams.uuid, streams.ordinal, events.version, events.recorded_ms, kinds.name, events.kind_version,
    events.body, before.leaf
FROM events
JOIN streams ON streams.id = events.stream
JOIN kinds ON kinds.id = events.kind
LEFT JOIN events AS before ON before.centre = events.centre AND before.stream = events.stream
    AND before.version = events.version - 1
WHERE events.centre = (SELECT id FROM centres WHERE code = $1) AND events.position > $2
ORDER BY events.position
LIMIT $3 + 0;
