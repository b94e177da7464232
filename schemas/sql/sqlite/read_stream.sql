SELECT events.position, streams.uuid, events.version, events.recorded_ms, kinds.name, events.kind_version, events.body
FROM centres
JOIN streams ON streams.centre = centres.id AND streams.uuid = $2
JOIN events ON events.centre = centres.id AND events.stream = streams.id AND events.version > $3
JOIN kinds ON kinds.id = events.kind
WHERE centres.code = $1
ORDER BY events.version;
