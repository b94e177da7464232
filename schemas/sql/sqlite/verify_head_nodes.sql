-- Nodes of the tree of heads of centre $1 at height $2, from $3 up to $4, end to end.
SELECT count(*), CAST(ifnull(group_concat(CAST(hash AS TEXT), ''), '') AS BLOB)
FROM (
    SELECT hash FROM head_nodes WHERE centre = $1 AND level = $2 AND number >= $3 AND number < $4 ORDER BY number LIMIT -1
);
