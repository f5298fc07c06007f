CREATE TABLE clients (
    client_id text COLLATE "C" PRIMARY KEY,
    record text NOT NULL,
    revision bigint NOT NULL
);

CREATE TABLE grants (
    id bytea PRIMARY KEY,
    subject text COLLATE "C",
    client_id text COLLATE "C" NOT NULL,
    record text NOT NULL,
    expires_at bigint NOT NULL,
    revoked boolean NOT NULL DEFAULT FALSE
);
CREATE INDEX grants_by_subject ON grants (subject, client_id, id);
CREATE INDEX grants_by_client ON grants (client_id, id);
CREATE INDEX grants_by_expiry ON grants (expires_at);

CREATE TABLE credentials (
    key bytea PRIMARY KEY,
    grant_id bytea NOT NULL,
    kind text NOT NULL,
    record text NOT NULL,
    revision bigint NOT NULL,
    spent_at bigint,
    reuses bigint NOT NULL DEFAULT 0,
    expires_at bigint NOT NULL
);
CREATE INDEX credentials_by_grant ON credentials (grant_id);
CREATE INDEX credentials_by_expiry ON credentials (expires_at);

CREATE TABLE requests (
    key bytea PRIMARY KEY,
    user_code bytea UNIQUE,
    client_id text COLLATE "C" NOT NULL,
    record text NOT NULL,
    revision bigint NOT NULL,
    spent_at bigint,
    expires_at bigint NOT NULL
);
CREATE INDEX requests_by_expiry ON requests (expires_at);

CREATE TABLE witnesses (
    key bytea PRIMARY KEY,
    expires_at bigint NOT NULL
);
CREATE INDEX witnesses_by_expiry ON witnesses (expires_at);
