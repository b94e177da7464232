-- Nodes of the tree of heads of centre $1, end to end in the order in which they are wanted, and how many of them have a hash's
-- length. $2: [[level, number], …]
SELECT count(*) FILTER (WHERE length(hash) = 32), CAST(ifnull(group_concat(CAST(hash AS TEXT), ''), '') AS BLOB)
FROM (
    SELECT head_nodes.hash
    FROM json_each($2) AS wanted
    JOIN head_nodes ON head_nodes.centre = $1
        AND head_nodes.level = wanted.value ->> 0 AND head_nodes.number = wanted.value ->> 1
    ORDER BY wanted.key
    LIMIT -1
);
