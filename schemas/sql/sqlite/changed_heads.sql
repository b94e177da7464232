-- Where the streams of centre $1 stand that got events after position $2, in one row, as in read_centre.sql.
SELECT
    count(*),
    ifnull(group_concat(ordinal || ' ' || version, ' '), ''),
    CAST(ifnull(group_concat(CAST(uuid AS TEXT) || CAST(leaf AS TEXT), ''), '') AS BLOB)
FROM (
    -- The other columns are those of the row with the largest version: https://www.sqlite.org/lang_select.html#bareagg
    SELECT streams.ordinal, streams.uuid, max(events.version) AS version, events.leaf
    FROM events
    JOIN streams ON streams.id = events.stream
    WHERE events.centre = $1 AND events.position > $2
    GROUP BY events.stream
    LIMIT -1
);
