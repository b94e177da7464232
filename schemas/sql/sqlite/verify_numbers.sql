-- Numbers of centre $1 that were drawn at an earlier position than the one before, or at one that the log does not have.
SELECT name, number, position
FROM (
    SELECT name, number, position, lag(position, 1, 1) OVER (PARTITION BY name ORDER BY number) AS before
    FROM numbers WHERE centre = $1
) AS numbers
WHERE position < before OR NOT EXISTS (SELECT 1 FROM events WHERE centre = $1 AND events.position = numbers.position)
ORDER BY name, number;
