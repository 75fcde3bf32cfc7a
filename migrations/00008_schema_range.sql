-- +goose Up
-- +goose StatementBegin

-- The oldest program that can live with this schema, by the newest step that it knows. A step that
-- only adds leaves it alone; a step that takes away or means something else raises it.
CREATE TABLE schema_range (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    oldest bigint  NOT NULL
);

INSERT INTO schema_range (oldest) VALUES (8);

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

DROP TABLE schema_range;

-- +goose StatementEnd
