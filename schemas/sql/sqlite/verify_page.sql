-- Events of centre $1 at positions after $2 up to $3 in one row, as in read_centre.sql, each with the stream's one before
-- it. The second column counts those whose every column holds the kind of value that it should: where that is not all of
-- them, the page says nothing and verify_events.sql is asked, row by row.
SELECT
    count(*),
    ifnull(sum(is_sound), 0),
    group_concat(
        position || ' ' || ordinal || ' ' || version || ' ' || recorded_ms || ' ' || kind || ' ' || kind_version || ' '
        || length(body) || ' ' || ifnull(before_position, '-'), ' '
    ),
    CAST(group_concat(
        CAST(uuid AS TEXT) || CAST(leaf AS TEXT) || ifnull(CAST(before_leaf AS TEXT), ''), ''
    ) AS BLOB),
    CAST(group_concat(CAST(body AS TEXT), '') AS BLOB)
FROM (
    SELECT
        events.position, streams.uuid, streams.ordinal, events.version, events.recorded_ms, kinds.name AS kind, events.kind_version,
        events.leaf, events.body,
        before.position AS before_position, before.leaf AS before_leaf,
        typeof(events.position) = 'integer' AND typeof(streams.uuid) = 'blob' AND length(streams.uuid) = 16
        AND typeof(streams.ordinal) = 'integer' AND typeof(events.version) = 'integer' AND typeof(events.recorded_ms) = 'integer'
        AND typeof(kinds.name) = 'text' AND instr(kinds.name, ' ') = 0 AND typeof(events.kind_version) = 'integer'
        AND typeof(events.leaf) = 'blob' AND length(events.leaf) = 32 AND typeof(events.body) = 'blob'
        AND (before.position IS NULL AND before.leaf IS NULL
            OR typeof(before.position) = 'integer' AND typeof(before.leaf) = 'blob' AND length(before.leaf) = 32)
        AS is_sound
    FROM events
    LEFT JOIN streams ON streams.id = events.stream AND streams.centre = events.centre
    LEFT JOIN kinds ON kinds.id = events.kind
    LEFT JOIN events AS before ON before.centre = events.centre AND before.stream = events.stream
        AND before.version = events.version - 1
    WHERE events.centre = $1 AND events.position > $2 AND events.position <= $3
    ORDER BY events.position
    LIMIT -1
);
