/**
 * The SQL from each version of the layout to the next. The only row of the table `wirephoto` counts the
 * steps that have run. A released step never changes (F13). Text is ordered by bytes, whatever the
 * database's locale.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE boards (
    key        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text COLLATE "C" NOT NULL UNIQUE,
    created_at bigint NOT NULL,
    epoch      text NOT NULL,
    seq        bigint NOT NULL,
    stamp      text NOT NULL
  );

  -- The log, always coalesced: what a reader at seq has missed is every record of a greater one.
  CREATE TABLE records (
    board bigint NOT NULL REFERENCES boards ON DELETE CASCADE,
    id    text COLLATE "C" NOT NULL,
    seq   bigint NOT NULL,
    json  text, -- null: a tombstone
    PRIMARY KEY (board, id)
  );
  CREATE INDEX records_by_seq ON records (board, seq);

  -- The cursors that can be read from; the first is the floor.
  CREATE TABLE batches (
    board bigint NOT NULL REFERENCES boards ON DELETE CASCADE,
    seq   bigint NOT NULL,
    stamp text NOT NULL,
    at    bigint NOT NULL,
    PRIMARY KEY (board, seq)
  );

  CREATE TABLE clients (
    board   bigint NOT NULL REFERENCES boards ON DELETE CASCADE,
    client  text COLLATE "C" NOT NULL,
    n       bigint NOT NULL,
    seq     bigint NOT NULL,
    refused text,
    batch   bigint NOT NULL, -- the batch that it was written with
    PRIMARY KEY (board, client)
  );
  CREATE INDEX clients_by_batch ON clients (board, batch);

  CREATE TABLE secrets (
    hash       text COLLATE "C" PRIMARY KEY,
    board      bigint NOT NULL REFERENCES boards ON DELETE CASCADE,
    kind       text NOT NULL,
    data       text NOT NULL,
    expires_at bigint
  );
  CREATE INDEX secrets_by_board ON secrets (board);
  CREATE INDEX secrets_by_expiry ON secrets (expires_at);

  CREATE TABLE history (
    key     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    board   bigint NOT NULL REFERENCES boards ON DELETE CASCADE,
    kind    text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    at      bigint NOT NULL,
    data    text NOT NULL
  );
  CREATE INDEX history_by_time ON history (board, kind, at);
  CREATE INDEX history_by_subject ON history (board, kind, subject, at);

  CREATE TABLE blobs (
    sha256     bytea PRIMARY KEY,
    touched_at bigint NOT NULL -- its lease
  );
  CREATE TABLE chunks (
    sha256 bytea NOT NULL REFERENCES blobs ON DELETE CASCADE,
    n      integer NOT NULL,
    data   bytea NOT NULL,
    PRIMARY KEY (sha256, n)
  );
  -- Pictures are compressed already.
  ALTER TABLE chunks ALTER COLUMN data SET STORAGE EXTERNAL;
  `,
  `
  -- The newest version of records that may be here.
  ALTER TABLE wirephoto ADD COLUMN record_version integer NOT NULL DEFAULT 1;
  `,
  `
  -- Blobs that have lost a record or an entry, for the collector.
  CREATE TABLE ended (
    sha256 text COLLATE "C" PRIMARY KEY,
    at     bigint NOT NULL
  );
  CREATE INDEX ended_by_time ON ended (at);

  ALTER TABLE history ADD COLUMN blob text COLLATE "C";
  CREATE INDEX history_by_blob ON history (blob) WHERE blob IS NOT NULL;

  -- Since when it is set aside; null unless it is.
  ALTER TABLE blobs ADD COLUMN aside_since bigint;
  CREATE INDEX blobs_aside ON blobs (sha256) WHERE aside_since IS NOT NULL;
  `,
]
