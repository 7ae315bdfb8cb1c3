-- Up to when everything that was written on a platform is known to be read,
-- so that a restart knows where to begin.
CREATE TABLE connections (
    platform   TEXT   NOT NULL PRIMARY KEY,
    safe_until BIGINT NOT NULL
);
