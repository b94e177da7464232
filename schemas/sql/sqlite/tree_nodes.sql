-- Nodes of a centre's tree that are kept. $2: [[level, number], …]. CROSS as in head_nodes.sql.
SELECT wanted.value ->> 0, wanted.value ->> 1, tree_nodes.hash
FROM json_each($2) AS wanted
CROSS JOIN centres ON centres.code = $1
CROSS JOIN tree_nodes ON tree_nodes.centre = centres.id
    AND tree_nodes.level = wanted.value ->> 0 AND tree_nodes.number = wanted.value ->> 1;
