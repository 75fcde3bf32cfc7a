-- +goose Up

-- Whose order it is: the hash of the cart id of whoever sent the form. The same form sent again leads only that shopper to the
-- order. NULL for nobody: those orders are shown by their id alone.
ALTER TABLE orders ADD COLUMN buyer uuid;

-- +goose Down

ALTER TABLE orders DROP COLUMN buyer;
