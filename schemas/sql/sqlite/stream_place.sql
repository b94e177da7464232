-- A stream's ordinal, with what its centre's head says of the newest `heads_committed`.
SELECT centres.id, streams.ordinal, heads.committed
FROM centres
JOIN heads ON heads.centre = centres.id
JOIN streams ON streams.centre = centres.id AND streams.uuid = $2
WHERE centres.code = $1;
