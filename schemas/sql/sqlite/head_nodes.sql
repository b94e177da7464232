-- Tiles of the tree of heads of centre $1 at height $2: the places among the wanted of those that there are, and in the same order their
-- bytes end to end. One of another length stands there as zeros, which are no node's hash. $3: [number, …]; $4: a tile's bytes
-- CROSS: from what is wanted to what there is. The other way round is all tiles times all that are wanted, and SQLite may choose it.
SELECT
    count(*),
    ifnull(group_concat(place, ' '), ''),
    CAST(ifnull(group_concat(CAST(nodes AS TEXT), ''), '') AS BLOB)
FROM (
    SELECT wanted.key AS place, iif(length(head_nodes.nodes) = $4, head_nodes.nodes, zeroblob($4)) AS nodes
    FROM json_each($3) AS wanted
    CROSS JOIN head_nodes ON head_nodes.centre = $1 AND head_nodes.level = $2 AND head_nodes.number = wanted.value
    LIMIT -1
);
