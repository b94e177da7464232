-- The leaves of a centre's events at positions after $2 up to $3, end to end.
SELECT CAST(ifnull(group_concat(CAST(leaf AS TEXT), ''), '') AS BLOB)
FROM (
    SELECT events.leaf
    FROM events
    WHERE events.centre = (SELECT id FROM centres WHERE code = $1) AND events.position > $2 AND events.position <= $3
    ORDER BY events.position
    LIMIT -1
);
