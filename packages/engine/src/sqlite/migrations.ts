/**
 * The SQL from each version of the layout to the next. `user_version` counts the steps that have run.
 * A released step never changes (F13).
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE boards (
    key        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    epoch      TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    stamp      TEXT NOT NULL
  ) STRICT;

  -- The log, always coalesced: what a reader at seq has missed is every record of a greater one.
  CREATE TABLE records (
    board INTEGER NOT NULL REFERENCES boards ON DELETE CASCADE,
    id    TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    json  TEXT, -- null: a tombstone
    PRIMARY KEY (board, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX records_by_seq ON records (board, seq);

  -- The cursors that can be read from; the first is the floor.
  CREATE TABLE batches (
    board INTEGER NOT NULL REFERENCES boards ON DELETE CASCADE,
    seq   INTEGER NOT NULL,
    stamp TEXT NOT NULL,
    at    INTEGER NOT NULL,
    PRIMARY KEY (board, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE clients (
    board   INTEGER NOT NULL REFERENCES boards ON DELETE CASCADE,
    client  TEXT NOT NULL,
    n       INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    refused TEXT,
    batch   INTEGER NOT NULL, -- the batch that it was written with
    PRIMARY KEY (board, client)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX clients_by_batch ON clients (board, batch);

  CREATE TABLE secrets (
    hash       TEXT PRIMARY KEY,
    board      INTEGER NOT NULL REFERENCES boards ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    data       TEXT NOT NULL,
    expires_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX secrets_by_board ON secrets (board);
  CREATE INDEX secrets_by_expiry ON secrets (expires_at);

  CREATE TABLE history (
    board   INTEGER NOT NULL REFERENCES boards ON DELETE CASCADE,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    at      INTEGER NOT NULL,
    data    TEXT NOT NULL
  ) STRICT;
  CREATE INDEX history_by_time ON history (board, kind, at);
  CREATE INDEX history_by_subject ON history (board, kind, subject, at);
  `,
  `
  -- The newest version of records that may be here.
  CREATE TABLE formats (record_version INTEGER NOT NULL) STRICT;
  INSERT INTO formats VALUES (1);
  `,
  `
  -- Blobs that have lost a record or an entry, for the collector.
  CREATE TABLE ended (
    sha256 TEXT PRIMARY KEY,
    at     INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ended_by_time ON ended (at);

  ALTER TABLE history ADD COLUMN blob TEXT;
  CREATE INDEX history_by_blob ON history (blob) WHERE blob IS NOT NULL;

  -- Both find whether any record names a blob.
  CREATE INDEX records_by_blob ON records (json ->> '$.blob');
  CREATE INDEX records_by_original ON records (json ->> '$.original.blob')
    WHERE json ->> '$.original.blob' IS NOT NULL;
  `,
  `
  -- The id of this database and the number of its writes, which its folder knows too. loss is the code of a
  -- loss that the operator hasn't accepted, lost its number of writes.
  CREATE TABLE mark (id TEXT NOT NULL, n INTEGER NOT NULL, loss TEXT, lost INTEGER) STRICT;
  INSERT INTO mark VALUES (lower(hex(randomblob(8))), 0, NULL, NULL);
  `,
  `
  -- The CRC-32 of what people would miss, so that bytes that rot on the disk are noticed.
  ALTER TABLE records ADD COLUMN sum INTEGER;
  UPDATE records SET sum = sum_of(json);
  ALTER TABLE clients ADD COLUMN sum INTEGER;
  UPDATE clients SET sum = sum_of(n || ' ' || seq || ' ' || coalesce(refused, ''));
  `,
  `
  -- Whether rows were deleted of which copies may be left between others.
  ALTER TABLE mark ADD COLUMN erase_due INTEGER NOT NULL DEFAULT 0;
  UPDATE mark SET erase_due = EXISTS (SELECT 1 FROM boards);
  `,
]
