-- Events of centre $1 at positions after $2 up to $3 in one row, as in read_centre.sql, with the types by the numbers that
-- verify_kinds.sql names. The second column counts those whose every column holds the kind of value that it should: where that
-- is not all of them, the page says nothing and verify_events.sql is asked, row by row. The stream's event before each is not looked
-- for: whoever reads all pages in order has seen it, and a look at the index for each cost a sixth of the whole.
SELECT
    count(*),
    ifnull(sum(is_sound), 0),
    group_concat(
        position || ' ' || stream || ' ' || ordinal || ' ' || version || ' ' || recorded_ms || ' ' || kind || ' ' || kind_version
        || ' ' || length(body), ' '
    ),
    CAST(group_concat(CAST(uuid AS TEXT) || CAST(leaf AS TEXT), '') AS BLOB),
    CAST(group_concat(CAST(body AS TEXT), '') AS BLOB)
FROM (
    SELECT
        events.position, events.stream, streams.uuid, streams.ordinal, events.version, events.recorded_ms, events.kind,
        events.kind_version, events.leaf, events.body,
        typeof(events.position) = 'integer' AND typeof(events.stream) = 'integer' AND typeof(streams.uuid) = 'blob' AND length(streams.uuid) = 16
        AND typeof(streams.ordinal) = 'integer' AND typeof(events.version) = 'integer' AND typeof(events.recorded_ms) = 'integer'
        AND typeof(events.kind) = 'integer' AND typeof(events.kind_version) = 'integer'
        AND typeof(events.leaf) = 'blob' AND length(events.leaf) = 32 AND typeof(events.body) = 'blob'
        AS is_sound
    FROM events
    LEFT JOIN streams ON streams.id = events.stream AND streams.centre = events.centre
    WHERE events.centre = $1 AND events.position > $2 AND events.position <= $3
    ORDER BY events.position
    LIMIT -1
);
