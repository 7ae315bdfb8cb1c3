-- What Waymark keeps: warning signs, cases, where their cards stand, what
-- staff did and decided, event keys, and what has to happen later. There is no
-- column for what anybody wrote. Times are unix milliseconds, 0 for none.
--
-- One text for both engines; {serial} and {bytes} are the column types that
-- differ.

-- One row for each server that has settings or a case.
CREATE TABLE servers (
    platform  TEXT   NOT NULL,
    server    TEXT   NOT NULL,
    settings  TEXT   NOT NULL DEFAULT '', -- JSON; empty while staff decided nothing
    last_case BIGINT NOT NULL DEFAULT 0,  -- numbers are never used twice, not even after a purge
    PRIMARY KEY (platform, server)
);

CREATE TABLE cases (
    id             TEXT    NOT NULL PRIMARY KEY,
    number         BIGINT  NOT NULL,
    platform       TEXT    NOT NULL,
    server         TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    author         TEXT    NOT NULL,
    author_name    TEXT    NOT NULL,
    addressed      TEXT    NOT NULL,
    addressed_name TEXT    NOT NULL,
    leads_only     BOOLEAN NOT NULL,
    severity       INTEGER NOT NULL,
    categories     TEXT    NOT NULL, -- separated by commas, in the order of their first sight
    place          TEXT    NOT NULL,
    place_name     TEXT    NOT NULL,
    message        TEXT    NOT NULL,
    link           TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    outcome        TEXT    NOT NULL,
    taker          TEXT    NOT NULL,
    taker_name     TEXT    NOT NULL,
    opened_at      BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL,
    closed_at      BIGINT  NOT NULL,
    version        INTEGER NOT NULL
);
CREATE UNIQUE INDEX cases_number ON cases (platform, server, number);
-- One open case for each author and person addressed.
CREATE UNIQUE INDEX cases_open_pair ON cases (platform, server, author, addressed)
    WHERE kind = 'signals' AND state <> 'closed';
CREATE INDEX cases_closed ON cases (closed_at) WHERE state = 'closed';

CREATE TABLE signs (
    id         TEXT             NOT NULL PRIMARY KEY,
    platform   TEXT             NOT NULL,
    server     TEXT             NOT NULL,
    place      TEXT             NOT NULL,
    place_name TEXT             NOT NULL,
    message    TEXT             NOT NULL,
    link       TEXT             NOT NULL,
    author     TEXT             NOT NULL,
    addressed  TEXT             NOT NULL,
    rule       TEXT             NOT NULL,
    category   TEXT             NOT NULL,
    weight     DOUBLE PRECISION NOT NULL,
    at         BIGINT           NOT NULL,
    case_id    TEXT             NOT NULL DEFAULT ''
);
-- A message is read once by each rule. The place is part of the key because
-- some platforms number messages in each channel.
CREATE UNIQUE INDEX signs_once ON signs (platform, server, place, message, rule);
CREATE INDEX signs_author ON signs (platform, server, author, at);
CREATE INDEX signs_case ON signs (case_id, at);

CREATE TABLE receipts (
    case_id TEXT   NOT NULL,
    place   TEXT   NOT NULL,
    card    TEXT   NOT NULL,
    person  TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (case_id, place)
);

CREATE TABLE audit (
    id         TEXT   NOT NULL PRIMARY KEY,
    platform   TEXT   NOT NULL,
    server     TEXT   NOT NULL,
    case_id    TEXT   NOT NULL,
    actor      TEXT   NOT NULL,
    actor_name TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX audit_server ON audit (platform, server, at);
CREATE INDEX audit_case ON audit (case_id, at);
CREATE INDEX audit_at ON audit (at);

-- Keys of events that were dealt with, so that a repeated delivery does
-- nothing twice.
CREATE TABLE seen (
    event TEXT   NOT NULL PRIMARY KEY,
    at    BIGINT NOT NULL
);
CREATE INDEX seen_at ON seen (at);

-- What has to happen later. seq is the order within a lane.
CREATE TABLE ledger (
    seq          {serial},
    id           TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    lane         TEXT    NOT NULL,
    platform     TEXT    NOT NULL,
    server       TEXT    NOT NULL,
    once         TEXT    NOT NULL, -- the key of a recurring row; empty for others
    payload      {bytes} NOT NULL,
    since        BIGINT  NOT NULL, -- when it was due at first; retries do not move it
    due          BIGINT  NOT NULL,
    attempt      INTEGER NOT NULL DEFAULT 0,
    owner        TEXT    NOT NULL DEFAULT '',
    leased_until BIGINT  NOT NULL DEFAULT 0,
    last_error   TEXT    NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX ledger_id ON ledger (id);
CREATE UNIQUE INDEX ledger_once ON ledger (once) WHERE once <> '';
CREATE INDEX ledger_lane ON ledger (lane, seq);
CREATE INDEX ledger_due ON ledger (due);
