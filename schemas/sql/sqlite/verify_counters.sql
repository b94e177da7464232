-- Counters of centre $1 that are not the last number given out under their name, or whose numbers have gaps.
WITH given AS (
    SELECT name, min(number) AS first, max(number) AS last, count(*) AS given_out
    FROM numbers WHERE centre = $1 GROUP BY name
)
SELECT ifnull(given.name, counters.name), counters.value, given.last, ifnull(given.given_out, 0)
FROM (SELECT * FROM counters WHERE centre = $1) AS counters
FULL JOIN given ON given.name = counters.name
WHERE counters.value IS NOT given.last OR given.first <> 1 OR given.given_out <> given.last
ORDER BY 1;
