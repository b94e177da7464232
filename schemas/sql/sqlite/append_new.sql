-- What a group brings beside its events: centres, types of events and streams that are new, numbers that are given out, nodes of the two
-- trees. Within the transaction of append.sql, whose parameters these are, and left out where there is none of it: nine events of ten
-- follow others of their stream, and a lone caller waits a tenth longer for seven statements that insert nothing.
INSERT INTO centres (id, code)
SELECT value ->> 0, value ->> 1 FROM jsonb_each($2);

INSERT INTO kinds (id, name)
SELECT value ->> 0, value ->> 1 FROM jsonb_each($3);

INSERT INTO streams (id, centre, ordinal, uuid)
SELECT value ->> 0, value ->> 1, value ->> 2, substr($1, value ->> 3, 16) FROM jsonb_each($4);

INSERT INTO numbers (centre, name, number, position)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM jsonb_each($6);

INSERT INTO counters (centre, name, value)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM jsonb_each($6) WHERE true
ON CONFLICT (centre, name) DO UPDATE SET value = excluded.value;

INSERT INTO tree_nodes (centre, level, number, hash)
SELECT value ->> 0, value ->> 1, value ->> 2, substr($1, value ->> 3, 32) FROM jsonb_each($8);

INSERT INTO head_nodes (centre, level, number, nodes)
SELECT value ->> 0, value ->> 1, value ->> 2, substr($1, value ->> 3, value ->> 4) FROM jsonb_each($9) WHERE true
ON CONFLICT (centre, level, number) DO UPDATE SET nodes = excluded.nodes;
