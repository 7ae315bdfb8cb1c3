-- When each server gets its tip of the week. It stays when staff stop it, so
-- that the next tip after that is another one.
CREATE TABLE tips (
    platform   TEXT    NOT NULL,
    server     TEXT    NOT NULL,
    place      TEXT    NOT NULL, -- empty while stopped
    place_name TEXT    NOT NULL,
    weekday    INTEGER NOT NULL, -- 0 is Sunday
    hour       INTEGER NOT NULL, -- 0 to 23, in the zone
    zone       TEXT    NOT NULL, -- IANA, "Europe/London"
    last       TEXT    NOT NULL DEFAULT '', -- the tip that was posted last, or is being posted
    last_for   BIGINT  NOT NULL DEFAULT 0,  -- the moment for which it was due
    trouble    TEXT    NOT NULL DEFAULT '', -- why it could not be posted
    PRIMARY KEY (platform, server)
);
