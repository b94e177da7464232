-- Events of centre $1 as they are kept, each with the stream's one before it.
SELECT
    events.position, streams.uuid, events.version, events.recorded_ms, kinds.name, events.kind_version,
    events.leaf, events.body,
    before.position, before.leaf, streams.ordinal
FROM events
LEFT JOIN streams ON streams.id = events.stream AND streams.centre = events.centre
LEFT JOIN kinds ON kinds.id = events.kind
LEFT JOIN events AS before ON before.centre = events.centre AND before.stream = events.stream
    AND before.version = events.version - 1
WHERE events.centre = $1
ORDER BY events.position;
