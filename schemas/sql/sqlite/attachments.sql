-- Bytes named by their hash, in a file of their own: a large scan must not hold up the log's writer.

PRAGMA application_id = 0x79737502;

CREATE TABLE attachments (
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),   -- SM3 of `bytes`
    bytes BLOB NOT NULL
);

CREATE TRIGGER attachments_are_never_changed BEFORE UPDATE ON attachments
BEGIN SELECT RAISE(ABORT, 'an attachment is never changed'); END;
CREATE TRIGGER attachments_are_never_removed BEFORE DELETE ON attachments
BEGIN SELECT RAISE(ABORT, 'an attachment is never removed'); END;
