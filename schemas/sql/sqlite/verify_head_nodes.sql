-- Tiles of the tree of heads of centre $1 at height $2, from $3 up to $4: their numbers, and in the same order their bytes end to end. One of
-- another length than a tile's, $5, stands there as zeros, which are no node's hash: else it could be made up for by the next.
SELECT count(*), ifnull(group_concat(number, ' '), ''), CAST(ifnull(group_concat(CAST(nodes AS TEXT), ''), '') AS BLOB)
FROM (
    SELECT number, iif(length(nodes) = $5, nodes, zeroblob($5)) AS nodes FROM head_nodes
    WHERE centre = $1 AND level = $2 AND number >= $3 AND number < $4 LIMIT -1
);
