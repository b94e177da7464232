-- Those of every centre, as in unplaced_tile.sql. $1: the level at which they stand. CROSS as in head_nodes.sql.
SELECT centres.id, centres.code, head_nodes.nodes
FROM centres
CROSS JOIN head_nodes ON head_nodes.centre = centres.id
    AND head_nodes.level = $1 AND head_nodes.number = 0 AND length(head_nodes.nodes) > 0;
