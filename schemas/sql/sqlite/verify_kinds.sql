-- The types by their numbers, as they are kept.
SELECT id, name, typeof(id) = 'integer' AND typeof(name) = 'text' FROM kinds;
