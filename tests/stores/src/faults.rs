//! What goes wrong in stores, one thing at a time, each with the rule that must find it.

use crate::shape::{Flag, Shape};

/// One thing that is wrong with a store.
#[derive(Clone, Copy)]
pub struct Fault {
    /// The rule that forbids it.
    pub rule: &'static str,
    /// Where it is one.
    pub on: On,
    /// Makes a right store wrong.
    pub make: fn(&mut Shape),
}

/// On which database a fault is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Wherever.
    Both,
    /// Where several connections write at the same time.
    Postgres,
    /// Where one connection writes at a time.
    Sqlite,
}

impl Fault {
    /// The store that is wrong.
    pub fn shape(&self) -> Shape {
        let mut shape = Shape::default();
        (self.make)(&mut shape);
        shape
    }
}

fn both(rule: &'static str, make: fn(&mut Shape)) -> Fault {
    Fault { rule, on: On::Both, make }
}

/// All of them.
pub fn all() -> Vec<Fault> {
    let of_lists = [of_listing(), of_purging(), of_purging_clients()];
    [of_finding(), of_commits(), of_credentials(), of_requests(), of_grants(), of_handles(), reads_first(), of_racing()]
        .into_iter()
        .chain(of_lists)
        .flatten()
        .collect()
}

const LOOKUP: &str = "lookup";

fn of_finding() -> Vec<Fault> {
    let empty = "an empty store finds nothing";
    let with_its_grant = "what was issued is found with its grant";
    let as_stored = "records come back as they were stored, in one lookup";
    let longest = "the longest values come back as they were stored";
    let end = "a timestamp at the end of time stays there";
    vec![
        both(empty, |it| it.raise(Flag::NotEmpty)),
        both(with_its_grant, |it| it.edit(LOOKUP, "c.spent_at", "c.expires_at")),
        both(with_its_grant, |it| it.edit(LOOKUP, "c.key IN", "c.spent_at IS NOT NULL AND c.key IN")),
        both("a lookup finds each of several credentials, and leaves out what is not there", |it| {
            it.edit(LOOKUP, "$5)", "$5) AND c.key = (SELECT min(key) FROM credentials WHERE key IN ($2, $3, $4, $5))");
        }),
        both("a lookup finds each of several credentials, and leaves out what is not there", |it| {
            it.edit(LOOKUP, "g.id = c.grant_id", "g.client_id <> ''");
        }),
        both("one digest in two partitions is two of everything", |it| {
            it.edit_schema("CREATE INDEX IF NOT EXISTS credentials_by_expiry", UNIQUE_DIGEST);
        }),
        both(as_stored, |it| it.edit("Issue", "SELECT $1, $2, $3, $4,", "SELECT $1, $2, $3, lower($4),")),
        both(as_stored, |it| it.edit("PutRequest of revision 0", "$3, $4,", "$3, replace($4, 'acr_values', 'acr'),")),
        both(as_stored, |it| it.edit(LOOKUP, "user_code = $7", "user_code <> $7")),
        both(longest, |it| {
            it.edit_schema("purgeable_since bigint\n", "purgeable_since bigint CHECK (length(client_id) < 256)\n")
        }),
        both(longest, |it| {
            it.edit_schema(
                "record text NOT NULL,\n    expires_at",
                "record text NOT NULL CHECK (length(record) < 8192),\n    expires_at",
            )
        }),
        Fault { rule: longest, on: On::Postgres, make: |it| it.edit_schema("subject text", "subject varchar(100)") },
        // An index that holds a scope, which has 4096 characters.
        Fault {
            rule: longest,
            on: On::Postgres,
            make: |it| {
                it.edit_schema(
                    "CREATE INDEX IF NOT EXISTS credentials_by_expiry",
                    "CREATE INDEX by_record ON credentials (record); CREATE INDEX IF NOT EXISTS credentials_by_expiry",
                )
            },
        },
        both("values that mean something to a database come back as they were stored", |it| {
            it.edit("PutClient of revision 0", "($1,", "(replace($1, '''', ''),");
        }),
        Fault {
            rule: "values that mean something to a database come back as they were stored",
            on: On::Postgres,
            make: |it| it.edit_schema("record text", "record jsonb"),
        },
        both(end, |it| it.reckon(|at| at.0.cast_signed())),
        both(end, |it| it.reckon(|at| i64::from(i32::try_from(at.0).unwrap_or(-1)))),
    ]
}

const UNIQUE_DIGEST: &str =
    "CREATE UNIQUE INDEX one_digest ON credentials (substr(key, 3)); CREATE INDEX IF NOT EXISTS credentials_by_expiry";

fn of_commits() -> Vec<Fault> {
    let nothing = "a refused commit leaves nothing behind";
    let no_request = "a refused commit leaves no request behind, under either key";
    let out_of_request = "a grant is opened by the commit that spends its request, or neither happens";
    let unknown = "a change that the store does not know makes it unavailable, and leaves nothing behind";
    vec![
        both("a commit of nothing is applied", |it| it.raise(Flag::RefusesNothing)),
        both("a credential may be issued by the commit that opens its grant, in this order only", |it| {
            it.raise(Flag::OpensFirst);
        }),
        both("one commit cannot spend a credential twice", |it| it.raise(Flag::AlwaysTheFirst)),
        both("one commit cannot spend a credential twice", |it| it.raise(Flag::CommitsAnyway)),
        both("what was witnessed is noticed", |it| {
            it.edit("Witness", "DO NOTHING", "(key) DO UPDATE SET expires_at = excluded.expires_at");
        }),
        both(nothing, |it| it.raise(Flag::NoTransaction)),
        both(nothing, |it| it.raise(Flag::CommitsAnyway)),
        both(no_request, |it| it.raise(Flag::NoTransaction)),
        both(no_request, |it| it.raise(Flag::CommitsAnyway)),
        both("a refused commit takes back what it did, not what was done before", |it| {
            it.edit("Revoke (no precondition)", "= TRUE", "= NOT revoked");
        }),
        both(out_of_request, |it| it.raise(Flag::NoTransaction)),
        both(out_of_request, |it| it.edit("SpendRequest", " AND spent_at IS NULL", "")),
        both(unknown, |it| it.raise(Flag::SkipsUnknown)),
        both(unknown, |it| it.raise(Flag::RefusesUnknown)),
        both(unknown, |it| it.raise(Flag::WritesBeforeUnknown)),
    ]
}

/// A credential that is stored, or stored over.
const SAVE_CREDENTIAL: &str = "INSERT INTO credentials (key, grant_id, kind, record, revision, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO UPDATE SET record = excluded.record, revision = excluded.revision";

const LIVING_GRANT: &str = "SELECT 1 FROM grants WHERE id = $2 AND NOT revoked;";

fn of_credentials() -> Vec<Fault> {
    let condition = "whether a credential was spent, and how long ago, can be a condition";
    let visible = "a spent credential stays visible, with the time of its first use";
    let other_grant = "a credential cannot be replaced by one of another grant";
    let gone = "a discarded credential is gone, and discarding it again is no error";
    vec![
        both("a credential is issued once", |it| it.set("Issue", &format!("{LIVING_GRANT} {SAVE_CREDENTIAL}"))),
        both("a credential needs its grant", |it| {
            it.edit("Issue", "EXISTS (SELECT 1 FROM grants WHERE id = $2 AND NOT revoked)", "TRUE");
        }),
        both("a credential is spent once", |it| it.edit("Spend", " AND spent_at IS NULL", "")),
        both(visible, |it| it.edit(LOOKUP, "WHERE c.key", "WHERE c.spent_at IS NULL AND c.key")),
        both(visible, |it| it.set("Spend", "DELETE FROM credentials WHERE key = $1 AND spent_at IS NULL")),
        both(condition, |it| it.edit("Reuse", ">= $2", "> $2")),
        both(condition, |it| it.edit("Reuse", "spent_at >= $2", "$2 >= 0")),
        both(condition, |it| {
            it.edit(
                "Reuse",
                "spent_at >= $2 AND spent_at <= $3",
                "(spent_at IS NULL OR spent_at >= $2 AND spent_at <= $3)",
            );
        }),
        both("a credential that was spent after a time is not taken for one that was spent before", |it| {
            it.edit("Reuse", "spent_at <= $3", "$3 >= 0");
        }),
        both("the uses of a spent credential are counted", |it| it.edit("Reuse", "reuses < $4", "$4 >= 0")),
        both("the uses of a spent credential are counted", |it| it.edit("Reuse", "reuses + 1", "reuses")),
        both("the uses of a spent credential are counted", |it| it.edit("Replace", "SET", "SET reuses = 0,")),
        both("an unknown credential cannot be spent", |it| {
            it.set("Spend", "INSERT INTO witnesses (key, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        }),
        both("a credential is replaced by its next revision only", |it| {
            it.edit("Replace", " AND revision + 1 = $5", "")
        }),
        both("a credential is replaced by its next revision only", |it| {
            it.edit("Replace", "revision + 1 =", "revision <")
        }),
        both("an unknown credential cannot be replaced", |it| it.set("Replace", SAVE_CREDENTIAL)),
        both(other_grant, |it| it.edit("Replace", " AND grant_id = $2", "")),
        both("a credential of a revoked grant cannot be replaced", |it| it.edit("Replace", " AND NOT revoked", "")),
        both("a replaced credential stays spent", |it| it.edit("Replace", "SET", "SET spent_at = NULL,")),
        both(gone, |it| {
            it.set("Discard (no precondition)", "UPDATE credentials SET spent_at = 0 WHERE key = $1");
        }),
        both(gone, |it| it.raise(Flag::DemandsARow)),
    ]
}

fn of_grants() -> Vec<Fault> {
    let reaches = "revocation reaches every credential of the grant and no other";
    vec![
        both("a grant is opened once", |it| {
            it.edit("Open", "DO NOTHING", "(id) DO UPDATE SET record = excluded.record");
        }),
        both("a grant is extended while it lives", |it| it.edit("Extend", " AND NOT revoked", "")),
        both("a grant is extended while it holds few enough credentials", |it| it.edit("Extend", " < $3", " <= $3")),
        both("a grant is extended while it holds few enough credentials", |it| {
            it.edit("Extend", "grant_id = $1", "grant_id = $1 AND spent_at IS NULL");
        }),
        both("a grant is extended while it holds few enough credentials", |it| it.edit("Extend", "WHERE grant_id = $1", "")),
        both("a revoked grant issues nothing", |it| it.edit("Issue", " AND NOT revoked", "")),
        both("a revoked grant is not opened again", |it| {
            it.set("Revoke (no precondition)", "DELETE FROM grants WHERE id = $1");
        }),
        both("a revoked grant is not opened again", |it| {
            it.edit("Open", "DO NOTHING", "(id) DO UPDATE SET revoked = FALSE WHERE grants.revoked");
        }),
        both(reaches, |it| it.edit("Revoke (no precondition)", "id = $1", "subject = (SELECT subject FROM grants WHERE id = $1)")),
        both(reaches, |it| {
            it.edit_schema("reuses bigint NOT NULL DEFAULT 0,\n    expires_at bigint NOT NULL\n);\nCREATE INDEX IF NOT EXISTS credentials", "reuses bigint NOT NULL DEFAULT 0, dead boolean NOT NULL DEFAULT FALSE, expires_at bigint NOT NULL\n);\nCREATE INDEX IF NOT EXISTS credentials");
            it.set("Revoke (no precondition)", "UPDATE credentials SET dead = TRUE WHERE key = (SELECT min(key) FROM credentials WHERE grant_id = $1)");
            it.edit(LOOKUP, "g.revoked", "c.dead");
        })
        .on(On::Sqlite),
        both("revoking an unknown grant is no error", |it| it.raise(Flag::DemandsARow)),
        both("a client is put by revision", |it| it.edit("PutClient of another revision", " AND revision + 1 = $3", "")),
        both("a client is put by revision", |it| {
            it.edit("PutClient of revision 0", "DO NOTHING", "(client_id) DO UPDATE SET record = excluded.record");
        }),
        both("a client is removed by revision", |it| it.edit("RemoveClient", " AND revision = $2", "")),
        both("client ids are compared byte for byte", |it| {
            it.edit(LOOKUP, "client_id = $1", "lower(client_id) = lower($1)");
        }),
        both("client ids are compared byte for byte", |it| {
            it.edit(LOOKUP, "client_id = $1", "client_id = trim($1)");
        }),
    ]
}

impl Fault {
    fn on(self, on: On) -> Self {
        Self { on, ..self }
    }
}

const REQUEST: &str = "PutRequest of revision 0";
const REQUEST_ANEW: &str = "PutRequest of another revision";

fn of_requests() -> Vec<Fault> {
    let spent = "a request is spent once, and stays visible with the time of its decision";
    let keeps = "a request keeps its client and its user code";
    let anew = "a request that is put again is found as it is now, and can be spent";
    vec![
        both("a request is found by its key and by its user code, each as what it is", |it| {
            it.edit(LOOKUP, "user_code = $7", "key = $7");
        }),
        both("requests may be without a user code, as many as there are", |it| {
            it.edit_schema("CREATE INDEX IF NOT EXISTS requests_by_expiry", ONE_WITHOUT);
        }),
        both("a request is put once", |it| {
            it.edit(
                REQUEST,
                "DO NOTHING",
                "(key) DO UPDATE SET record = excluded.record, user_code = excluded.user_code",
            );
        }),
        both("a user code is taken once", |it| it.edit_schema("user_code bytea UNIQUE", "user_code bytea")),
        both("a request is put by revision", |it| it.edit(REQUEST_ANEW, "revision + 1 = $5 AND ", "")),
        both(keeps, |it| it.edit(REQUEST_ANEW, " AND client_id = $3", "")),
        both(keeps, |it| it.edit(REQUEST_ANEW, "user_code IS NOT DISTINCT FROM $2 AND ", "")),
        // A request without a user code equals none.
        both(anew, |it| it.edit(REQUEST_ANEW, "record = $4, ", "")),
        both(anew, |it| it.edit(REQUEST_ANEW, "SET", "SET spent_at = 1,")),
        both(spent, |it| it.edit("SpendRequest", " AND spent_at IS NULL", "")),
        both(spent, |it| it.set("SpendRequest", "DELETE FROM requests WHERE key = $1")),
        both(spent, |it| it.edit(LOOKUP, "WHERE user_code", "WHERE spent_at IS NULL AND user_code")),
        both("an unknown request cannot be spent", |it| {
            it.set("SpendRequest", "INSERT INTO witnesses (key, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        }),
        both("a spent request is not put again", |it| it.edit(REQUEST_ANEW, " AND spent_at IS NULL", "")),
        both("a credential may have the key of a request, and each is found and spent by itself", |it| {
            it.edit("Issue", "WHERE EXISTS", "WHERE NOT EXISTS (SELECT 1 FROM requests WHERE key = $1) AND EXISTS");
        }),
    ]
}

const ONE_WITHOUT: &str = "CREATE UNIQUE INDEX one_without ON requests (COALESCE(user_code, substr(key, 1, 0)));
    CREATE INDEX IF NOT EXISTS requests_by_expiry";

const HELD: &str = "held_grants: of a subject";

fn of_listing() -> Vec<Fault> {
    let living = "what is spent, discarded or expired is not counted, and a grant without the rest is not listed";
    let by_both = "grants are listed by subject, by client, and by both";
    let after_a_page = "revoking goes on after a page, ends codes too, and may be repeated";
    vec![
        both("a living grant is listed, with what it holds", |it| it.edit(HELD, "max(", "min(")),
        both(living, |it| it.edit(HELD, "c.spent_at IS NULL AND ", "")),
        both(living, |it| it.edit(HELD, "c.expires_at > $4", "c.expires_at >= $4")),
        both("a revoked grant is not listed", |it| it.edit(HELD, " AND NOT g.revoked", "")),
        both("grants are listed by client id and then by grant id, in the order of bytes", |it| {
            it.edit(HELD, "ORDER BY g.client_id", "ORDER BY lower(g.client_id)");
        }),
        both("a page has so many grants, and the next one goes on where it ended", |it| {
            it.edit(HELD, "(g.client_id, g.id) > ($2, $3)", "g.id > $3");
        }),
        both(by_both, |it| it.edit(HELD, "g.subject = $1", "$1 = g.subject")),
        both("subjects and client ids are compared byte for byte", |it| {
            it.edit(HELD, "g.subject = $1", "lower(g.subject) = lower($1)");
        }),
        both("a grant of a client that acts for itself is listed for the client", |it| {
            it.edit(HELD, "WHERE g", "JOIN grants o ON o.id = g.id AND o.subject IS NOT NULL WHERE g");
        }),
        both("a grant with nothing but a code is listed, and is no application yet", |it| {
            it.edit(HELD, "WHERE g", "WHERE c.kind <> 'authorization_code' AND g");
        }),
        both("an application is one line, however often its user logged in", |it| {
            it.edit(HELD, "'access_token'", "'refresh_token'");
        }),
        both("an application has the name of its client as it is now", |it| {
            it.edit("PutClient of another revision", "record = $2, ", "");
        }),
        both("applications are paged by client, with all grants of each", |it| it.edit(HELD, "LIMIT $5", "LIMIT 50")),
        both("revoking ends the grants that are meant, and no others", |it| {
            it.edit(HELD, "g.subject = $1", "$1 = g.subject");
        }),
        both(after_a_page, |it| it.edit(HELD, "LIMIT $5", "LIMIT 50")),
        both(after_a_page, |it| it.edit(HELD, "WHERE g", "WHERE c.kind <> 'authorization_code' AND g")),
    ]
}

const PURGE: &str = "purge_batch: credentials, requests and witnesses";
const PURGE_GRANTS: &str = "purge_batch: grants";

fn of_purging() -> Vec<Fault> {
    let batch = "so much is forgotten at a time as was said, and in the end all of it";
    vec![
        both("nothing is forgotten before it expires", |it| it.edit(PURGE, "expires_at <=", "expires_at - 1 <=")),
        both("what has expired is forgotten", |it| it.edit(PURGE, "expires_at <=", "expires_at <")),
        both("a revocation is kept as long as the grant", |it| {
            it.edit(PURGE_GRANTS, "expires_at <= $1", "(revoked OR expires_at <= $1)");
        }),
        both("a grant is kept as long as its longest extension", |it| {
            it.edit("Extend", "GREATEST(expires_at, $2)", "$2");
        }),
        both("a refused extension does not keep a grant", |it| it.raise(Flag::CommitsAnyway)),
        both("a refused extension does not keep a grant", |it| it.raise(Flag::NoTransaction)),
        both("no credential comes back to life when its grant is forgotten", |it| {
            it.edit(PURGE_GRANTS, "DELETE FROM grants", "UPDATE grants SET revoked = FALSE");
        }),
        both("what ends at the end of time is never forgotten", |it| {
            it.reckon(|at| at.0.cast_signed());
        }),
        both(batch, |it| it.edit(PURGE, " LIMIT $2", "")),
        both(batch, |it| it.raise(Flag::CountsOneTable)),
        both("nothing is forgotten if nothing may be", |it| it.edit(PURGE, "LIMIT $2", "LIMIT 1")),
        Fault {
            rule: "a grant is kept as long as its longest extension, however these race",
            on: On::Postgres,
            // What the inner statement reads is not read again once the row is free.
            make: |it| {
                let longest = "(SELECT GREATEST(o.expires_at, $2) FROM grants o WHERE o.id = $1)";
                it.edit("Extend", "GREATEST(expires_at, $2)", longest);
            },
        },
        Fault {
            rule: "what is extended in time is not forgotten, however they race",
            on: On::Postgres,
            // The same.
            make: |it| it.edit(PURGE_GRANTS, "WHERE expires_at <= $1\nAND id IN", "WHERE id IN"),
        },
    ]
}

const PURGE_CLIENTS: &str = "purge_clients";

fn of_purging_clients() -> Vec<Fault> {
    let in_time = "a client that registered itself is forgotten when its time is over, and not before";
    let in_use = "a client that has a grant is not forgotten, not even after its revocation";
    vec![
        both(in_time, |it| it.edit(PURGE_CLIENTS, "purgeable_since <=", "purgeable_since <")),
        both(in_time, |it| it.edit("PutClient of revision 0", "$3, $4)", "$3, NULL)")),
        both(in_use, |it| it.edit(PURGE_CLIENTS, ITS_OWN, &format!("{ITS_OWN} AND NOT grants.revoked"))),
        both("the grants of others do not keep a client", |it| {
            it.edit(PURGE_CLIENTS, ITS_OWN, "grants.client_id <> ''");
        }),
        both("a client of the operator is never forgotten", |it| {
            it.edit(PURGE_CLIENTS, "purgeable_since <=", "COALESCE(purgeable_since, 0) <=");
        }),
        both("a client is judged by its record as it is now", |it| {
            it.edit("PutClient of another revision", ", purgeable_since = $4", "");
        }),
        both("so many clients are forgotten at a time as was said, and in the end all of them", |it| {
            it.edit(PURGE_CLIENTS, " LIMIT $2", "");
        }),
    ]
}

const ITS_OWN: &str = "grants.client_id = clients.client_id";

const SPEND: &str = "SELECT 1 FROM credentials WHERE key = $1 AND spent_at IS NULL; UPDATE credentials SET spent_at = $2 WHERE key = $1";
const WITNESS: &str = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM witnesses WHERE key = $1);
    INSERT INTO witnesses (key, expires_at) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at";

fn of_handles() -> Vec<Fault> {
    vec![
        both("what one handle has written, another finds at once", |it| it.raise(Flag::CachesClients)),
        both("what was written is there when the store is opened again", |it| it.raise(Flag::WritesLater)),
        both("one of many threads at two handles spends a credential", |it| {
            it.set("Spend", SPEND);
            it.raise(Flag::LocksItself);
        }),
        both("one of many threads at two handles witnesses, takes a user code and changes a client", |it| {
            it.set("Witness", WITNESS);
            it.raise(Flag::LocksItself);
        }),
    ]
}

/// Stores that read first and write later, as most begin: on PostgreSQL within one transaction of `READ COMMITTED`, on
/// SQLite before the transaction begins.
pub fn reads_first() -> Vec<Fault> {
    vec![
        both("one of many threads opens a grant", |it| {
            it.set(
                "Open",
                "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM grants WHERE id = $1);
                 INSERT INTO grants (id, subject, client_id, record, expires_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            );
            it.raise(Flag::AsksOutside);
        }),
        both("one of many threads issues a credential", |it| {
            let is_new = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM credentials WHERE key = $1);";
            it.set("Issue", &format!("{LIVING_GRANT} {is_new} {SAVE_CREDENTIAL}"));
            it.raise(Flag::AsksOutside);
        }),
        both("one of many threads spends a credential", |it| {
            it.set("Spend", SPEND);
            it.raise(Flag::AsksOutside);
        }),
        both("one of many threads replaces a credential", |it| {
            it.set(
                "Replace",
                "SELECT 1 FROM credentials WHERE key = $1 AND grant_id = $2 AND revision + 1 = $5;
                 SELECT 1 FROM grants WHERE id = $2 AND NOT revoked;
                 UPDATE credentials SET record = $4, revision = $5, expires_at = $6 WHERE key = $1",
            );
            it.raise(Flag::AsksOutside);
        }),
        both("one of many threads decides a request", |it| {
            it.set(
                "SpendRequest",
                "SELECT 1 FROM requests WHERE key = $1 AND spent_at IS NULL;
                 UPDATE requests SET spent_at = $2 WHERE key = $1",
            );
            it.raise(Flag::AsksOutside);
        }),
        both("one of many threads takes a user code", |it| {
            it.edit_schema("user_code bytea UNIQUE", "user_code bytea");
            it.set(
                REQUEST,
                "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM requests WHERE key = $1 OR user_code = $2);
                 INSERT INTO requests (key, user_code, client_id, record, revision, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            );
            it.raise(Flag::AsksOutside);
        }),
        both("one of many threads puts a request anew", |it| {
            it.set(
                REQUEST_ANEW,
                "SELECT 1 FROM requests WHERE key = $1 AND user_code IS NOT DISTINCT FROM $2 AND client_id = $3
                     AND revision + 1 = $5 AND spent_at IS NULL;
                 UPDATE requests SET record = $4, revision = $5, expires_at = $6 WHERE key = $1",
            );
            it.raise(Flag::AsksOutside);
        }),
        both("one of many threads witnesses first", |it| {
            it.set("Witness", WITNESS);
            it.raise(Flag::AsksOutside);
        }),
        both("one of many threads changes a client", |it| {
            it.set(
                "PutClient of another revision",
                "SELECT 1 FROM clients WHERE client_id = $1 AND revision + 1 = $3;
                 UPDATE clients SET record = $2, revision = $3 WHERE client_id = $1",
            );
            it.raise(Flag::AsksOutside);
        }),
        // A grant that is saved as it was read.
        both("a revocation stays, however it races with extensions and replacements", |it| {
            it.set(
                "Extend",
                "SELECT 1 FROM grants WHERE id = $1 AND NOT revoked;
                 UPDATE grants SET expires_at = GREATEST(expires_at, $2), revoked = FALSE WHERE id = $1",
            );
            it.raise(Flag::AsksOutside);
        }),
        // That a grant is revoked is kept with its credentials, and not with those that come at the same time.
        both("nothing is issued once a revocation was applied, however they race", |it| {
            it.edit_schema("kind text NOT NULL", "kind text NOT NULL, dead boolean NOT NULL DEFAULT FALSE");
            it.set(
                "Revoke (no precondition)",
                "UPDATE credentials SET dead = TRUE WHERE grant_id = $1; UPDATE grants SET revoked = TRUE WHERE id = $1",
            );
            let save = "INSERT INTO credentials (key, grant_id, kind, record, revision, expires_at)
                        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
            it.set("Issue", &format!("{LIVING_GRANT} {save}"));
            it.edit(LOOKUP, "g.revoked", "c.dead");
            it.raise(Flag::AsksOutside);
        }),
    ]
}

fn of_racing() -> Vec<Fault> {
    let different = "threads that want different things all get them";
    vec![
        Fault {
            rule: different,
            on: On::Sqlite,
            make: |it| {
                it.raise(Flag::NeverWaits);
                it.raise(Flag::BusyIsConflict);
            },
        },
        Fault {
            rule: different,
            on: On::Postgres,
            make: |it| {
                let lock = "SELECT 1 FROM grants WHERE id = $2 AND NOT revoked FOR UPDATE NOWAIT;";
                it.set("Issue", &format!("{lock} {SAVE_CREDENTIAL}"));
                it.raise(Flag::BusyIsConflict);
            },
        },
    ]
}
