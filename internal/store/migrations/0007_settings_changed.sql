-- When a server's settings were last changed, by the database's clock, so that
-- other replicas can look for it. 0 for those set before this was noted.
ALTER TABLE servers ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX servers_changed ON servers (changed_at);
