-- +goose Up
-- +goose StatementBegin

-- An order is a document: it keeps the words and prices that it was made with, whatever becomes of
-- the products. So its lines copy what the order's page shows, and refer to no item: a product that
-- is deleted takes no order with it.
CREATE TABLE orders (
    id           uuid        PRIMARY KEY,
    total_cents  bigint      NOT NULL CHECK (total_cents > 0),
    status       text        NOT NULL DEFAULT 'confirmed' CHECK (status IN ('confirmed', 'cancelled')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    cancelled_at timestamptz,
    CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL))
);

CREATE INDEX orders_newest ON orders (created_at DESC, id DESC);

-- The line of a cart is bought once: its id is the key. It stays taken when the order is cancelled.
CREATE TABLE order_lines (
    line_id        uuid    PRIMARY KEY,
    order_id       uuid    NOT NULL REFERENCES orders,
    item_id        bigint  NOT NULL,
    product_id     bigint  NOT NULL,
    sku            text    NOT NULL,
    size           text    NOT NULL,
    brand          text    NOT NULL,
    name           text    NOT NULL,
    color          text    NOT NULL,
    main_image_url text    NOT NULL,
    price_cents    integer NOT NULL CHECK (price_cents > 0),
    UNIQUE (order_id, item_id)
);

-- A movement for an order names it: its sales, and their return when it is cancelled. That is no
-- foreign key, which would take a third of the time of selling a crowded size; the tests compare
-- movements and lines instead.
ALTER TABLE stock_movements
    ADD COLUMN order_id uuid,
    DROP CONSTRAINT stock_movements_reason,
    ADD CONSTRAINT stock_movements_reason CHECK (CASE reason
        WHEN 'restock' THEN available_delta > 0 AND sold_delta = 0 AND order_id IS NULL
        WHEN 'sale'    THEN sold_delta > 0 AND available_delta = -sold_delta
        WHEN 'return'  THEN available_delta > 0 AND sold_delta = -available_delta AND order_id IS NOT NULL
        ELSE false
    END);

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

-- A sale and its return are nothing together, so the books balance without them. What stays sold
-- stays booked.
DELETE FROM stock_movements WHERE order_id IN (SELECT id FROM orders WHERE status = 'cancelled');

ALTER TABLE stock_movements
    DROP CONSTRAINT stock_movements_reason,
    DROP COLUMN order_id,
    ADD CONSTRAINT stock_movements_reason CHECK (CASE reason
        WHEN 'restock' THEN available_delta > 0 AND sold_delta = 0
        WHEN 'sale'    THEN sold_delta > 0 AND available_delta = -sold_delta
        ELSE false
    END);

DROP TABLE order_lines, orders;

-- +goose StatementEnd
