-- Every centre that has a head, or with $1 that one.
SELECT
    centres.code, heads.position, heads.recorded_ms, heads.clock_steps_back, centres.id, heads.streams, heads.frontier,
    heads.committed
FROM heads
JOIN centres ON centres.id = heads.centre
WHERE $1 IS NULL OR centres.code = $1
ORDER BY centres.code;
