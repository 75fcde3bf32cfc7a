-- +goose Up
-- +goose StatementBegin

-- Nodes of the version before may be selling: whoever sells locks rows of availabilities first, so
-- these come first here too.
LOCK TABLE item_availabilities, products, stock_movements, restores IN SHARE ROW EXCLUSIVE MODE;

-- The events of the shop, as dashboards tell them: the same at every node, and after every
-- restart. Each row is written with what it tells of, in one transaction, also when that is done by
-- hand; nodes add what they know of themselves. No backup holds this table: it tells of the
-- database, and not of the store.
CREATE TABLE events (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind    text        NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    subject text        NOT NULL, -- the name that a product, a size or a node had
    pairs   integer     NOT NULL DEFAULT 0,
    again   boolean     NOT NULL DEFAULT false, -- a size that was sold out is no longer
    due     timestamptz, -- when a product is to be released, what a backup is of, since when there was trouble
    who     text,        -- the operator, as he calls himself
    why     text,        -- the reason of a correction; the kind of trouble
    run     text         -- of the node that it is about
);

CREATE INDEX events_newest ON events (at DESC, id DESC);
CREATE INDEX events_run ON events (run, id DESC) WHERE run IS NOT NULL;

-- A transaction that changes rows without anything having happened sets sneakers23.unsaid; the
-- operator for whom it acts is in sneakers23.actor.

CREATE FUNCTION note_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject, due, who) VALUES (
        CASE
            WHEN NEW.released AND NOT OLD.released THEN 'released'
            WHEN OLD.released AND NOT NEW.released THEN 'unreleased'
            WHEN NEW.release_at IS NULL THEN 'called_off'
            ELSE 'scheduled'
        END,
        NEW.name, NEW.release_at, nullif(current_setting('sneakers23.actor', true), ''));
    RETURN NULL;
END
$$;

CREATE FUNCTION note_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject, pairs, again, who, why)
    SELECT CASE NEW.reason WHEN 'restock' THEN 'restocked' WHEN 'return' THEN 'returned' ELSE 'corrected' END,
        p.name || ', size ' || i.size, NEW.available_delta,
        NEW.available_delta > 0 AND a.available_count = NEW.available_delta, NEW.who, NEW.why
    FROM items i JOIN products p ON p.id = i.product_id JOIN item_availabilities a ON a.item_id = i.id
    WHERE i.id = NEW.item_id;
    RETURN NULL;
END
$$;

CREATE FUNCTION note_sold_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject)
    SELECT 'sold_out', p.name || ', size ' || i.size
    FROM items i JOIN products p ON p.id = i.product_id WHERE i.id = NEW.item_id;
    RETURN NULL;
END
$$;

CREATE FUNCTION note_restore() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject, due) VALUES ('restored', '', NEW.backup_of);
    RETURN NULL;
END
$$;

CREATE TRIGGER products_noted AFTER UPDATE ON products FOR EACH ROW
    WHEN (OLD.released <> NEW.released OR OLD.release_at IS DISTINCT FROM NEW.release_at)
    EXECUTE FUNCTION note_release();

CREATE TRIGGER stock_movements_noted AFTER INSERT ON stock_movements FOR EACH ROW
    WHEN (NEW.reason <> 'sale' AND current_setting('sneakers23.unsaid', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION note_movement();

CREATE TRIGGER item_availabilities_noted AFTER UPDATE ON item_availabilities FOR EACH ROW
    WHEN (OLD.available_count > 0 AND NEW.available_count = 0)
    EXECUTE FUNCTION note_sold_out();

CREATE TRIGGER restores_noted AFTER INSERT ON restores FOR EACH ROW EXECUTE FUNCTION note_restore();

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

LOCK TABLE item_availabilities, products, stock_movements, restores IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER products_noted ON products;
DROP TRIGGER stock_movements_noted ON stock_movements;
DROP TRIGGER item_availabilities_noted ON item_availabilities;
DROP TRIGGER restores_noted ON restores;
DROP FUNCTION note_release, note_movement, note_sold_out, note_restore;
DROP TABLE events;

-- +goose StatementEnd
