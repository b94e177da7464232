-- The leaf of one version of a stream.
SELECT events.leaf
FROM centres
JOIN streams ON streams.centre = centres.id AND streams.uuid = $2
JOIN events ON events.centre = centres.id AND events.stream = streams.id AND events.version = $3
WHERE centres.code = $1;
