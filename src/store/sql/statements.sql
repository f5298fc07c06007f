-- create_tables: one at a time
SELECT pg_advisory_xact_lock(29117685391716210);

-- lookup
SELECT 'client', record, CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS boolean)
FROM clients WHERE client_id = $1
UNION ALL
SELECT 'credential', c.record, c.spent_at, g.record, g.revoked
FROM credentials c JOIN grants g ON g.id = c.grant_id
WHERE c.key IN ($2, $3, $4, $5)
UNION ALL
SELECT 'request', record, spent_at, NULL, NULL FROM requests WHERE key = $6
UNION ALL
SELECT 'request', record, spent_at, NULL, NULL FROM requests WHERE user_code = $7;

-- Open
INSERT INTO grants (id, subject, client_id, record, expires_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING;

-- Issue
INSERT INTO credentials (key, grant_id, kind, record, revision, expires_at)
SELECT $1, $2, $3, $4, $5, $6
WHERE EXISTS (SELECT 1 FROM grants WHERE id = $2 AND NOT revoked)
ON CONFLICT DO NOTHING;

-- Spend
UPDATE credentials SET spent_at = $2 WHERE key = $1 AND spent_at IS NULL;

-- Reuse
UPDATE credentials SET reuses = reuses + 1
WHERE key = $1 AND spent_at >= $2 AND spent_at <= $3 AND reuses < $4;

-- Extend
UPDATE grants SET expires_at = GREATEST(expires_at, $2) WHERE id = $1 AND NOT revoked
AND (SELECT count(*) FROM credentials WHERE grant_id = $1) < $3;

-- Replace
UPDATE credentials SET record = $4, revision = $5, expires_at = $6
WHERE key = $1 AND grant_id = $2 AND kind = $3 AND revision + 1 = $5
AND EXISTS (SELECT 1 FROM grants WHERE id = $2 AND NOT revoked);

-- Revoke (no precondition)
UPDATE grants SET revoked = TRUE WHERE id = $1;

-- Discard (no precondition)
DELETE FROM credentials WHERE key = $1;

-- PutRequest of revision 0
INSERT INTO requests (key, user_code, client_id, record, revision, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING;

-- PutRequest of another revision
UPDATE requests SET record = $4, revision = $5, expires_at = $6
WHERE key = $1 AND user_code IS NOT DISTINCT FROM $2 AND client_id = $3
AND revision + 1 = $5 AND spent_at IS NULL;

-- SpendRequest
UPDATE requests SET spent_at = $2 WHERE key = $1 AND spent_at IS NULL;

-- Witness
INSERT INTO witnesses (key, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- PutClient of revision 0
INSERT INTO clients (client_id, record, revision, purgeable_since)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING;

-- PutClient of another revision
UPDATE clients SET record = $2, revision = $3, purgeable_since = $4
WHERE client_id = $1 AND revision + 1 = $3;

-- RemoveClient
DELETE FROM clients WHERE client_id = $1 AND revision = $2;

-- held_grants: of a subject
SELECT g.record,
    count(*) FILTER (WHERE c.kind = 'authorization_code'),
    count(*) FILTER (WHERE c.kind = 'access_token'),
    count(*) FILTER (WHERE c.kind = 'refresh_token'),
    max(c.expires_at)
FROM grants g JOIN credentials c ON c.grant_id = g.id
WHERE g.subject = $1 AND (g.client_id, g.id) > ($2, $3) AND NOT g.revoked
AND c.spent_at IS NULL AND c.expires_at > $4
GROUP BY g.client_id, g.id
ORDER BY g.client_id, g.id
LIMIT $5;

-- purge_batch: credentials, requests and witnesses
DELETE FROM credentials WHERE expires_at <= $1
AND key IN (SELECT key FROM credentials WHERE expires_at <= $1 LIMIT $2);

-- purge_batch: grants
DELETE FROM grants WHERE expires_at <= $1
AND id IN (SELECT id FROM grants WHERE expires_at <= $1 LIMIT $2);

-- purge_clients
DELETE FROM clients WHERE purgeable_since <= $1
AND client_id IN (
    SELECT client_id FROM clients WHERE purgeable_since <= $1
    AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.client_id = clients.client_id) LIMIT $2);
