-- The last event of each wanted stream that exists. $1: [[centre's code, stream in hexadecimal], …]. CROSS as in
-- head_nodes.sql.
SELECT wanted.key, streams.id, streams.ordinal, events.version, events.leaf
FROM json_each($1) AS wanted
CROSS JOIN centres ON centres.code = wanted.value ->> 0
CROSS JOIN streams ON streams.centre = centres.id AND streams.uuid = unhex(wanted.value ->> 1)
LEFT JOIN events ON events.centre = centres.id AND events.stream = streams.id
    AND events.version = (SELECT max(version) FROM events WHERE centre = centres.id AND stream = streams.id);
