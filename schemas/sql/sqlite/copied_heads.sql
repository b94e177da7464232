-- The last event of every centre, with its leaf: what a backup says that it holds.
SELECT centres.code, events.position, events.leaf
FROM centres
JOIN events ON events.centre = centres.id
    AND events.position = (SELECT max(position) FROM events WHERE centre = centres.id)
ORDER BY centres.code;
