-- A centre's number, where its log ends, how many streams began in it, and up to where their heads were committed to. $1: its code
SELECT centres.id, heads.position, heads.streams, heads.committed
FROM centres JOIN heads ON heads.centre = centres.id
WHERE centres.code = $1;
