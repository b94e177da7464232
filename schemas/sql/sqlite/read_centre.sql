SELECT events.position, streams.uuid, events.version, events.recorded_ms, kinds.name, events.kind_version, events.body
FROM events
JOIN streams ON streams.id = events.stream
JOIN kinds ON kinds.id = events.kind
WHERE events.centre = (SELECT id FROM centres WHERE code = $1) AND events.position > $2
ORDER BY events.position
LIMIT $3;
