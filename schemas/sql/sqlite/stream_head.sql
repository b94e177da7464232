SELECT ifnull(max(events.version), 0)
FROM centres
JOIN streams ON streams.centre = centres.id AND streams.uuid = $2
JOIN events ON events.centre = centres.id AND events.stream = streams.id
WHERE centres.code = $1;
