-- One centre's head with its counters, in one row: they are those of this position, and a statement costs more than its rows.
SELECT
    heads.position, heads.recorded_ms, heads.clock_steps_back,
    (SELECT json_group_object(counters.name, counters.value) FROM counters WHERE counters.centre = heads.centre)
FROM heads
JOIN centres ON centres.id = heads.centre
WHERE centres.code = $1;
