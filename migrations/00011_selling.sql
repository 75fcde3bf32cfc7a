-- +goose Up
-- +goose StatementBegin

-- A sale locks rows of availabilities first, and reads products after that: so does this step.
LOCK TABLE item_availabilities, products IN ACCESS EXCLUSIVE MODE;

-- per_shopper is how many pairs of a product one shopper may buy, over all orders that were not
-- cancelled; 0: any number. paused says that nothing of the product is sold at present: the product
-- was paused by itself, or the whole shop was.
ALTER TABLE products
    ADD COLUMN per_shopper integer NOT NULL DEFAULT 0 CHECK (per_shopper BETWEEN 0 AND 1000),
    ADD COLUMN paused text NOT NULL DEFAULT '' CHECK (paused IN ('', 'product', 'shop'));

-- Whether the whole shop is paused, which products that come later are as well. No row: it is not.
CREATE TABLE shop_pause (one boolean PRIMARY KEY DEFAULT true CHECK (one));

CREATE FUNCTION pause_with_shop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.paused = '' AND EXISTS (SELECT FROM shop_pause) THEN
        NEW.paused := 'shop';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER products_come_paused BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION pause_with_shop();

-- The pairs that a shopper has bought are counted by it.
CREATE INDEX orders_buyer ON orders (buyer) WHERE buyer IS NOT NULL;

-- A program of the version before would sell beyond limits, and what is paused.
UPDATE schema_range SET oldest = 11;

CREATE FUNCTION note_pause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject, who) VALUES (
        CASE WHEN NEW.paused = '' THEN 'resumed' ELSE 'paused' END,
        NEW.name, nullif(current_setting('sneakers23.actor', true), ''));
    RETURN NULL;
END
$$;

-- When the whole shop is paused or resumed, that is one event, which is written by who does it.
CREATE TRIGGER products_paused AFTER UPDATE ON products FOR EACH ROW
    WHEN (OLD.paused <> NEW.paused AND current_setting('sneakers23.unsaid', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION note_pause();

CREATE FUNCTION note_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject, who, why) VALUES ('edited', NEW.name,
        nullif(current_setting('sneakers23.actor', true), ''),
        CASE WHEN NEW.per_shopper = 0 THEN 'no limit for a shopper'
            ELSE format('%s for a shopper', NEW.per_shopper) END);
    RETURN NULL;
END
$$;

CREATE TRIGGER products_limited AFTER UPDATE ON products FOR EACH ROW
    WHEN (OLD.per_shopper <> NEW.per_shopper)
    EXECUTE FUNCTION note_limit();

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

LOCK TABLE item_availabilities, products IN ACCESS EXCLUSIVE MODE;

-- The older program knows no pause: what is paused is not released, and shows as a product that is
-- to come. Limits are lost.
UPDATE products SET released = false WHERE paused <> '' AND released;

DROP TRIGGER products_come_paused ON products;
DROP FUNCTION pause_with_shop;
DROP TABLE shop_pause;
DROP TRIGGER products_paused ON products;
DROP TRIGGER products_limited ON products;
DROP FUNCTION note_pause, note_limit;
DROP INDEX orders_buyer;
ALTER TABLE products DROP COLUMN per_shopper, DROP COLUMN paused;
UPDATE schema_range SET oldest = 9;

-- +goose StatementEnd
