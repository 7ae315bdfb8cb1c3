-- The servers that installed the bot by themselves, each with the token that
-- came of it. The token is sealed with a key that is not in the database.
CREATE TABLE installations (
    platform TEXT    NOT NULL,
    server   TEXT    NOT NULL,
    sealed   {bytes} NOT NULL,
    at       BIGINT  NOT NULL, -- when it was installed
    PRIMARY KEY (platform, server)
);
