-- Every centre, with its head if it has one and the position of its last event if it has any. Also centres that stand in
-- any other table alone: their code is NULL. The row of nodes that are not in their places yet is not counted among the tiles: it
-- stands at level $1.
SELECT
    every.id, centres.code, heads.position, heads.recorded_ms,
    (SELECT max(position) FROM events WHERE centre = every.id),
    (SELECT count(*) FROM events WHERE centre = every.id),
    heads.streams, heads.frontier, (SELECT count(*) FROM tree_nodes WHERE centre = every.id),
    heads.committed, 
    (SELECT count(*) FROM head_nodes WHERE centre = every.id) - (SELECT count(*) FROM head_nodes WHERE centre = every.id AND level = $1 AND number = 0)
FROM (
    SELECT id FROM centres UNION SELECT centre FROM heads UNION SELECT DISTINCT centre FROM events
    UNION SELECT DISTINCT centre FROM streams UNION SELECT DISTINCT centre FROM tree_nodes UNION SELECT DISTINCT centre FROM head_nodes
    UNION SELECT DISTINCT centre FROM counters UNION SELECT DISTINCT centre FROM numbers
) AS every
LEFT JOIN centres ON centres.id = every.id
LEFT JOIN heads ON heads.centre = every.id
ORDER BY centres.code;
