-- +goose Up
-- +goose StatementBegin

-- The buyer is the shopper who sent the form, as a hash of the shopper's cart id. The same form
-- sent again leads only that shopper to the order. Orders without a buyer are shown by their id
-- alone.
ALTER TABLE orders ADD COLUMN buyer uuid;

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

ALTER TABLE orders DROP COLUMN buyer;

-- +goose StatementEnd
