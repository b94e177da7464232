SELECT counters.name, counters.value
FROM counters
JOIN centres ON centres.id = counters.centre
WHERE centres.code = $1;
