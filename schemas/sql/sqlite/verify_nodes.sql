-- The first of these nodes of centre $1 that is kept with another hash, or not at all. $2: [[level, number, hash in hexadecimal], …]
SELECT computed.value ->> 0, computed.value ->> 1
FROM json_each($2) AS computed
LEFT JOIN tree_nodes ON tree_nodes.centre = $1
    AND tree_nodes.level = computed.value ->> 0 AND tree_nodes.number = computed.value ->> 1
WHERE tree_nodes.hash IS NOT unhex(computed.value ->> 2)
ORDER BY computed.key
LIMIT 1;
