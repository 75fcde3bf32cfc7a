-- +goose Up
-- +goose StatementBegin

-- A sale locks rows of availabilities first, and reads products and items after that. So the step
-- locks the tables in this order, each for itself alone.
LOCK TABLE item_availabilities, products, items IN ACCESS EXCLUSIVE MODE;

-- Shoppers see a product that is live. A draft is being prepared; what is archived has left the
-- shop, and its orders and movements stay.
ALTER TABLE products
    ADD COLUMN state text NOT NULL DEFAULT 'live' CHECK (state IN ('draft', 'live', 'archived')),
    ADD COLUMN story text NOT NULL DEFAULT '' CHECK (length(story) <= 5000),
    ADD CHECK (state = 'live' OR release_at IS NULL),
    ADD CHECK (state <> 'draft' OR NOT released);

-- Size is that of the United States; the others are for the table of sizes, and may be unknown.
ALTER TABLE items
    ADD COLUMN eu text NOT NULL DEFAULT '' CHECK (length(eu) <= 16),
    ADD COLUMN uk text NOT NULL DEFAULT '' CHECK (length(uk) <= 16),
    ADD COLUMN cm text NOT NULL DEFAULT '' CHECK (length(cm) <= 16);

-- A program of the version before would show drafts, and sell what is archived.
UPDATE schema_range SET oldest = 9;

CREATE FUNCTION note_product() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kind text := 'created';
    what text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        kind := CASE
            WHEN NEW.state = OLD.state THEN 'edited'
            WHEN NEW.state = 'live' THEN 'published'
            WHEN NEW.state = 'archived' THEN 'archived'
            ELSE 'withdrawn'
        END;
        what := concat_ws(', ',
            CASE WHEN NEW.price_cents <> OLD.price_cents
                THEN format('price %s to %s', round(OLD.price_cents / 100.0, 2), round(NEW.price_cents / 100.0, 2)) END,
            CASE WHEN NEW.sku <> OLD.sku THEN format('SKU %s to %s', OLD.sku, NEW.sku) END,
            CASE WHEN NEW.name <> OLD.name THEN format('name %s to %s', OLD.name, NEW.name) END,
            CASE WHEN NEW.brand <> OLD.brand THEN format('brand %s to %s', OLD.brand, NEW.brand) END,
            CASE WHEN NEW.color <> OLD.color THEN format('color %s to %s', OLD.color, NEW.color) END,
            CASE WHEN NEW.story <> OLD.story THEN 'story' END,
            CASE WHEN NEW."order" <> OLD."order" THEN 'order on the page' END,
            CASE WHEN NEW.main_image_url <> OLD.main_image_url THEN 'image' END);
    END IF;
    INSERT INTO events (kind, subject, who, why)
        VALUES (kind, NEW.name, nullif(current_setting('sneakers23.actor', true), ''), nullif(what, ''));
    RETURN NULL;
END
$$;

CREATE FUNCTION note_size() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject, who)
    SELECT CASE TG_OP WHEN 'INSERT' THEN 'size_added' ELSE 'size_edited' END,
        p.name || ', size ' || NEW.size, nullif(current_setting('sneakers23.actor', true), '')
    FROM products p WHERE p.id = NEW.product_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER products_created AFTER INSERT ON products FOR EACH ROW
    WHEN (current_setting('sneakers23.unsaid', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION note_product();

CREATE TRIGGER products_edited AFTER UPDATE ON products FOR EACH ROW
    WHEN ((OLD.sku, OLD."order", OLD.brand, OLD.name, OLD.color, OLD.price_cents, OLD.main_image_url, OLD.state,
            OLD.story)
        <> (NEW.sku, NEW."order", NEW.brand, NEW.name, NEW.color, NEW.price_cents, NEW.main_image_url, NEW.state,
            NEW.story))
    EXECUTE FUNCTION note_product();

CREATE TRIGGER items_noted AFTER INSERT OR UPDATE ON items FOR EACH ROW
    WHEN (current_setting('sneakers23.unsaid', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION note_size();

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

LOCK TABLE item_availabilities, products, items IN ACCESS EXCLUSIVE MODE;

-- The older program knows no states. What it must not sell is not released, and shows as a product
-- that is to come, drafts too. Stories, states, and the sizes of other countries, are lost.
UPDATE products SET released = false WHERE state = 'archived' AND released;

DROP TRIGGER products_created ON products;
DROP TRIGGER products_edited ON products;
DROP TRIGGER items_noted ON items;
DROP FUNCTION note_product, note_size;
ALTER TABLE items DROP COLUMN eu, DROP COLUMN uk, DROP COLUMN cm;
ALTER TABLE products DROP COLUMN state, DROP COLUMN story;
UPDATE schema_range SET oldest = 8;

-- +goose StatementEnd
