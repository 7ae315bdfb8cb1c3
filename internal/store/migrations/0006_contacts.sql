-- The contacts that a server's staff added: the school's counsellor, the local
-- council. As JSON, because they are read and changed as one short list.
CREATE TABLE contacts (
    platform   TEXT   NOT NULL,
    server     TEXT   NOT NULL,
    version    BIGINT NOT NULL, -- counts changes
    contacts   TEXT   NOT NULL,
    changed_at BIGINT NOT NULL, -- by the database's clock
    PRIMARY KEY (platform, server)
);
CREATE INDEX contacts_changed ON contacts (changed_at);
