-- A stream's events after version $3 in one row, as in read_centre.sql.
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
    FROM centres
    JOIN streams ON streams.centre = centres.id AND streams.uuid = $2
    JOIN events ON events.centre = centres.id AND events.stream = streams.id AND events.version > $3
    JOIN kinds ON kinds.id = events.kind
    WHERE centres.code = $1
    ORDER BY events.version
    LIMIT -1
);
