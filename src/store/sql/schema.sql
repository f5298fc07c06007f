CREATE TABLE IF NOT EXISTS clients (
    client_id text COLLATE "C" PRIMARY KEY,
    record text NOT NULL,
    revision bigint NOT NULL,
    purgeable_since bigint
);
CREATE INDEX IF NOT EXISTS clients_by_registration ON clients (purgeable_since) WHERE purgeable_since IS NOT NULL;

CREATE TABLE IF NOT EXISTS grants (
    id bytea PRIMARY KEY,
    subject text COLLATE "C",
    client_id text COLLATE "C" NOT NULL,
    record text NOT NULL,
    expires_at bigint NOT NULL,
    revoked boolean NOT NULL DEFAULT FALSE
);
CREATE INDEX IF NOT EXISTS grants_by_subject ON grants (subject, client_id, id);
CREATE INDEX IF NOT EXISTS grants_by_client ON grants (client_id, id);
CREATE INDEX IF NOT EXISTS grants_by_expiry ON grants (expires_at);

CREATE TABLE IF NOT EXISTS credentials (
    key bytea PRIMARY KEY,
    grant_id bytea NOT NULL,
    kind text NOT NULL,
    record text NOT NULL,
    revision bigint NOT NULL,
    spent_at bigint,
    reuses bigint NOT NULL DEFAULT 0,
    expires_at bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS credentials_by_grant ON credentials (grant_id);
CREATE INDEX IF NOT EXISTS credentials_by_expiry ON credentials (expires_at);

CREATE TABLE IF NOT EXISTS requests (
    key bytea PRIMARY KEY,
    user_code bytea UNIQUE,
    client_id text COLLATE "C" NOT NULL,
    record text NOT NULL,
    revision bigint NOT NULL,
    spent_at bigint,
    expires_at bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS requests_by_expiry ON requests (expires_at);

CREATE TABLE IF NOT EXISTS witnesses (
    key bytea PRIMARY KEY,
    expires_at bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS witnesses_by_expiry ON witnesses (expires_at);
