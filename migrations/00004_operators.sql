-- +goose Up
-- +goose StatementBegin

-- A count that was found wrong is corrected by a movement that says why. Movements that an operator
-- made name him, as he calls himself; those of shoppers have nobody's name.
ALTER TABLE stock_movements
    ADD COLUMN who text CHECK (length(who) BETWEEN 1 AND 200),
    ADD COLUMN why text CHECK (length(why) BETWEEN 1 AND 500),
    DROP CONSTRAINT stock_movements_reason,
    ADD CONSTRAINT stock_movements_reason CHECK (CASE reason
        WHEN 'restock'    THEN available_delta > 0 AND sold_delta = 0 AND order_id IS NULL
        WHEN 'sale'       THEN sold_delta > 0 AND available_delta = -sold_delta
        WHEN 'return'     THEN available_delta > 0 AND sold_delta = -available_delta AND order_id IS NOT NULL
        WHEN 'correction' THEN available_delta <> 0 AND sold_delta = 0 AND order_id IS NULL AND why IS NOT NULL
        ELSE false
    END);

-- Each restore leaves a row, by which running nodes notice it. No backup holds this table: it tells
-- of the database, and not of the store.
CREATE TABLE restores (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    restored_at timestamptz NOT NULL DEFAULT now(),
    backup_of   timestamptz NOT NULL
);

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

DROP TABLE restores;

-- Corrections and restocks of an item become one restock, so the books balance without corrections.
CREATE TEMPORARY TABLE stocked ON COMMIT DROP AS
    SELECT item_id, sum(available_delta) AS pairs, min(created_at) AS created_at FROM stock_movements
    WHERE reason IN ('restock', 'correction')
        AND item_id IN (SELECT item_id FROM stock_movements WHERE reason = 'correction')
    GROUP BY item_id;

DELETE FROM stock_movements WHERE reason IN ('restock', 'correction') AND item_id IN (SELECT item_id FROM stocked);

INSERT INTO stock_movements (item_id, reason, available_delta, created_at)
    SELECT item_id, 'restock', pairs, created_at FROM stocked WHERE pairs > 0;

ALTER TABLE stock_movements
    DROP CONSTRAINT stock_movements_reason,
    DROP COLUMN who,
    DROP COLUMN why,
    ADD CONSTRAINT stock_movements_reason CHECK (CASE reason
        WHEN 'restock' THEN available_delta > 0 AND sold_delta = 0 AND order_id IS NULL
        WHEN 'sale'    THEN sold_delta > 0 AND available_delta = -sold_delta
        WHEN 'return'  THEN available_delta > 0 AND sold_delta = -available_delta AND order_id IS NOT NULL
        ELSE false
    END);

-- +goose StatementEnd
