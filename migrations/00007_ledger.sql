-- +goose Up
-- +goose StatementBegin

-- Nodes of the version before must be stopped: they do not move stocked_count, so what they restock
-- is frozen later. A sale that is still under way locks rows of availabilities first, so these come
-- first here too.
LOCK TABLE item_availabilities, items, stock_movements IN ACCESS EXCLUSIVE MODE;

-- stocked_count is how many pairs of an item ever came. At every commit it equals the available and
-- the sold pairs together; each transaction that changes a row compares them. A row where they
-- differ was changed without a movement, for instance by hand: nodes show such a change, and the
-- next sale freezes the row. A frozen item is sold no more, at any node, until its count is
-- corrected.
ALTER TABLE item_availabilities
    ADD COLUMN stocked_count integer NOT NULL DEFAULT 0,
    ADD COLUMN frozen_at timestamptz;

UPDATE item_availabilities a SET stocked_count = m.pairs
FROM (SELECT item_id, sum(available_delta + sold_delta) AS pairs FROM stock_movements GROUP BY item_id) m
WHERE m.item_id = a.item_id;

-- A movement of a restock, a correction, a sale by an operator or a cancellation names its
-- operation. After an attempt whose outcome is in doubt, the next one finds by that name whether it
-- was committed. A correction may be of no pairs: a frozen item was counted, and none is missing.
ALTER TABLE stock_movements
    ADD COLUMN operation uuid,
    DROP CONSTRAINT stock_movements_reason,
    ADD CONSTRAINT stock_movements_reason CHECK (CASE reason
        WHEN 'restock'    THEN available_delta > 0 AND sold_delta = 0 AND order_id IS NULL
        WHEN 'sale'       THEN sold_delta > 0 AND available_delta = -sold_delta
        WHEN 'return'     THEN available_delta > 0 AND sold_delta = -available_delta AND order_id IS NOT NULL
        WHEN 'correction' THEN sold_delta = 0 AND order_id IS NULL AND why IS NOT NULL
        ELSE false
    END);

CREATE UNIQUE INDEX stock_movements_operation ON stock_movements (operation, item_id) WHERE operation IS NOT NULL;

-- Movements outlive the items that they are of: what was sold stays in the books.
ALTER TABLE stock_movements DROP CONSTRAINT stock_movements_item_id_fkey;

CREATE FUNCTION note_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject)
    SELECT CASE WHEN NEW.frozen_at IS NULL THEN 'unfrozen' ELSE 'frozen' END, p.name || ', size ' || i.size
    FROM items i JOIN products p ON p.id = i.product_id WHERE i.id = NEW.item_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER item_availabilities_frozen AFTER UPDATE ON item_availabilities FOR EACH ROW
    WHEN ((OLD.frozen_at IS NULL) <> (NEW.frozen_at IS NULL))
    EXECUTE FUNCTION note_freeze();

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

LOCK TABLE item_availabilities, items, stock_movements IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER item_availabilities_frozen ON item_availabilities;
DROP FUNCTION note_freeze;

DELETE FROM stock_movements
WHERE item_id NOT IN (SELECT id FROM items) OR reason = 'correction' AND available_delta = 0;

ALTER TABLE stock_movements
    DROP COLUMN operation,
    DROP CONSTRAINT stock_movements_reason,
    ADD CONSTRAINT stock_movements_reason CHECK (CASE reason
        WHEN 'restock'    THEN available_delta > 0 AND sold_delta = 0 AND order_id IS NULL
        WHEN 'sale'       THEN sold_delta > 0 AND available_delta = -sold_delta
        WHEN 'return'     THEN available_delta > 0 AND sold_delta = -available_delta AND order_id IS NOT NULL
        WHEN 'correction' THEN available_delta <> 0 AND sold_delta = 0 AND order_id IS NULL AND why IS NOT NULL
        ELSE false
    END),
    ADD CONSTRAINT stock_movements_item_id_fkey FOREIGN KEY (item_id) REFERENCES items ON DELETE CASCADE;

ALTER TABLE item_availabilities DROP COLUMN stocked_count, DROP COLUMN frozen_at;

-- +goose StatementEnd
