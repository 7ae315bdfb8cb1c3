-- What a server's staff changed about the words that are looked for: phrases
-- that they typed themselves, and rules that they switched off or made
-- quieter, as JSON. Never what a member wrote.
CREATE TABLE wordings (
    platform   TEXT   NOT NULL,
    server     TEXT   NOT NULL,
    version    BIGINT NOT NULL, -- counts changes
    words      TEXT   NOT NULL,
    undo       TEXT   NOT NULL, -- what held before the last change
    changed_at BIGINT NOT NULL, -- by the database's clock
    PRIMARY KEY (platform, server)
);
CREATE INDEX wordings_changed ON wordings (changed_at);

-- How often a phrase that is tried out was found, and how often staff would
-- have been told.
CREATE TABLE trials (
    platform TEXT   NOT NULL,
    server   TEXT   NOT NULL,
    phrase   TEXT   NOT NULL, -- its id
    found    BIGINT NOT NULL,
    alerts   BIGINT NOT NULL,
    PRIMARY KEY (platform, server, phrase)
);

-- How many messages were read on a server on a day, and nothing about them.
CREATE TABLE volumes (
    platform TEXT   NOT NULL,
    server   TEXT   NOT NULL,
    day      BIGINT NOT NULL, -- since 1 January 1970, UTC
    messages BIGINT NOT NULL,
    PRIMARY KEY (platform, server, day)
);
CREATE INDEX volumes_day ON volumes (day);
