-- A page of a centre's events in one row, for a row through the driver costs more than what is in it: what is not bytes as
-- text, one event after the other, and the bytes end to end. CAST keeps them as they are, whatever they are.
SELECT
    count(*),
    group_concat(
        position || ' ' || version || ' ' || recorded_ms || ' ' || kind || ' ' || kind_version || ' ' || length(body), ' '
    ),
    CAST(group_concat(CAST(uuid AS TEXT), '') AS BLOB),
    CAST(group_concat(CAST(body AS TEXT), '') AS BLOB)
FROM (
    SELECT
        events.position, streams.uuid, events.version, events.recorded_ms, kinds.name AS kind, events.kind_version,
        events.body
    FROM events
    JOIN streams ON streams.id = events.stream
    JOIN kinds ON kinds.id = events.kind
    WHERE events.centre = (SELECT id FROM centres WHERE code = $1) AND events.position > $2
    ORDER BY events.position
    LIMIT $3 + 0 -- not the bare parameter: SQLite would look at its value, and prepare the statement anew for each
);
