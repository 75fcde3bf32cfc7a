-- +goose Up
-- +goose StatementBegin

-- Devices are apps and kiosks that report over a connection of their own. A revoked device
-- stays, so that its logs keep its name; a new one may take the name.
CREATE TABLE devices (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    key_hash   bytea       NOT NULL UNIQUE CHECK (length(key_hash) = 32), -- of the key, with the secret of the nodes
    secret_id  bytea       NOT NULL CHECK (length(secret_id) = 8),        -- which secret that was
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    seen_at    timestamptz -- when a connection of it was last known to a node
);

CREATE UNIQUE INDEX devices_name ON devices (name) WHERE revoked_at IS NULL;
CREATE INDEX devices_any_name ON devices (name);
CREATE INDEX devices_revoked ON devices (revoked_at) WHERE revoked_at IS NOT NULL;

-- The last value of each variable that a device has reported. Values are JSON in one form, so that
-- equal values are equal texts.
CREATE TABLE device_variables (
    device_id   bigint      NOT NULL REFERENCES devices ON DELETE CASCADE,
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    type        text        NOT NULL CHECK (type IN ('string', 'integer', 'float', 'boolean')),
    value       text        NOT NULL,
    reported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (device_id, name)
);

-- The values that admins want of a device, until the device reports them. A later wish for a
-- variable replaces the row.
CREATE TABLE device_wants (
    device_id bigint      NOT NULL REFERENCES devices ON DELETE CASCADE,
    name      text        NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    type      text        NOT NULL CHECK (type IN ('string', 'integer', 'float', 'boolean')),
    value     text        NOT NULL,
    revision  bigint      NOT NULL DEFAULT nextval('revisions'),
    wanted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    who       text        NOT NULL,
    PRIMARY KEY (device_id, name)
);

CREATE INDEX device_wants_newest ON device_wants (wanted_at);

-- The log records of devices, in a partition for each day of receipt (UTC): the timestamp that a
-- device sends may be anything. No backup holds this table. device_id refers to devices without a
-- constraint, which would be checked for each row.
CREATE SEQUENCE device_log_ids;

CREATE TABLE device_logs (
    id          bigint      NOT NULL DEFAULT nextval('device_log_ids'),
    device_id   bigint      NOT NULL,
    received_at timestamptz NOT NULL,
    message     text        NOT NULL,
    stamp       json,       -- the timestamp of the device
    fields      json,       -- an object of all else; json and not jsonb, which writes 1e9999 out in digits
    -- PostgreSQL's parser leaves out what looks like markup, and takes a path for one word: <, >, &
    -- and / separate words here. The device is a word too, one that no text has, so that the index
    -- alone answers for a word of one device.
    words       tsvector    NOT NULL GENERATED ALWAYS AS (
        to_tsvector('simple'::regconfig, translate(message, '<>&/', '    '))
            || json_to_tsvector('simple'::regconfig,
                translate(coalesce(fields, '{}')::text, '<>&/', '    ')::json, '["string", "numeric"]')
            || array_to_tsvector(ARRAY['device ' || device_id])) STORED,
    PRIMARY KEY (received_at, id)
) PARTITION BY RANGE (received_at);

CREATE INDEX device_logs_device ON device_logs (device_id, received_at, id);
CREATE INDEX device_logs_id ON device_logs (id);
CREATE INDEX device_logs_words ON device_logs USING gin (words);

-- make_device_log_day makes the partition of a day, unless it is there. It keeps nobody from
-- reading or writing the others: the table is made first and attached then, which takes a weaker
-- lock than CREATE TABLE … PARTITION OF.

CREATE FUNCTION make_device_log_day(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part text := 'device_logs_' || to_char(day, 'YYYYMMDD');
BEGIN
    FOR attempt IN 1..2 LOOP
        IF EXISTS (
            SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'device_logs'::regclass AND c.relname = part
        ) THEN
            RETURN;
        END IF;
        -- The second look, behind the lock, finds what another node has made meanwhile.
        PERFORM pg_advisory_xact_lock(hashtextextended('sneakers23 device_logs in ' || current_schema(), 0));
    END LOOP;
    EXECUTE format('DROP TABLE IF EXISTS %I', part); -- was detached, and not yet dropped
    EXECUTE format('CREATE TABLE %I (LIKE device_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED '
        'INCLUDING INDEXES INCLUDING STORAGE)', part);
    EXECUTE format('ALTER TABLE device_logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part,
        to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
END
$$;

-- Events, as in step 5: written by whoever adds or revokes a device, or changes its variables, in
-- the same transaction.
CREATE FUNCTION note_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject, who)
    VALUES (CASE TG_OP WHEN 'INSERT' THEN 'device_added' ELSE 'device_revoked' END, NEW.name,
        nullif(current_setting('sneakers23.actor', true), ''));
    RETURN NULL;
END
$$;

-- One event tells of all variables of a device that were changed at once; why has the name if it is
-- one.
CREATE FUNCTION note_device_wants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject, pairs, why, who)
    SELECT 'device_set', d.name, count(*), CASE WHEN count(*) = 1 THEN min(w.name) END, min(w.who)
    FROM changed w JOIN devices d ON d.id = w.device_id GROUP BY d.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER devices_added AFTER INSERT ON devices FOR EACH ROW
    WHEN (current_setting('sneakers23.unsaid', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION note_device();

CREATE TRIGGER devices_revoked AFTER UPDATE ON devices FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
        AND current_setting('sneakers23.unsaid', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION note_device();

-- A change is a row that is inserted: what was wanted before is deleted first.
CREATE TRIGGER device_wants_noted AFTER INSERT ON device_wants REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
    WHEN (current_setting('sneakers23.unsaid', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION note_device_wants();

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

DROP TABLE device_logs, device_wants, device_variables, devices;
DROP SEQUENCE device_log_ids;
DROP FUNCTION make_device_log_day, note_device, note_device_wants;

-- +goose StatementEnd
