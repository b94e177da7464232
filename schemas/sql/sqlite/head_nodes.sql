-- Tiles of the tree of heads of centre $1: the places among the wanted of those that there are, and in the same order their bytes end to
-- end. One of another length stands there as zeros, which are no node's hash. $2: [[level, number], …]; $3: a tile's bytes
-- CROSS: from what is wanted to what there is. The other way round is all tiles times all that are wanted, and SQLite may choose it.
SELECT
    count(*),
    ifnull(group_concat(place, ' '), ''),
    CAST(ifnull(group_concat(CAST(nodes AS TEXT), ''), '') AS BLOB)
FROM (
    SELECT wanted.key AS place, iif(length(head_nodes.nodes) = $3, head_nodes.nodes, zeroblob($3)) AS nodes
    FROM json_each($2) AS wanted
    CROSS JOIN head_nodes ON head_nodes.centre = $1
        AND head_nodes.level = wanted.value ->> 0 AND head_nodes.number = wanted.value ->> 1
    LIMIT -1
);
