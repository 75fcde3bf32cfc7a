-- +goose Up
-- +goose StatementBegin

-- A sale locks rows of availabilities first, and reads products after that: so does this step.
LOCK TABLE item_availabilities, products IN ACCESS EXCLUSIVE MODE;

-- A picture is made of a photo that an operator uploads, and never changes. Its id is a hash of the
-- photo, which is not kept. One that no product shows, and none has shown for a month, is deleted.
CREATE TABLE pictures (
    id         text        PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
    renditions jsonb       NOT NULL, -- name, width and height of each, narrowest first
    used_at    timestamptz NOT NULL DEFAULT now() -- when it was uploaded, or last given to a product or taken away
);

-- A rendition is a picture in one width. Its name is a hash of its bytes, so two pictures may have
-- the same one.
CREATE TABLE renditions (
    name       text  NOT NULL CHECK (name ~ '^[0-9a-f]{32}\.(jpg|png)$'),
    picture_id text  NOT NULL REFERENCES pictures ON DELETE CASCADE,
    bytes      bytea NOT NULL CHECK (length(bytes) BETWEEN 1 AND 1048576),
    PRIMARY KEY (name, picture_id)
);

CREATE INDEX renditions_picture ON renditions (picture_id);

-- A picture that an order shows is kept for as long as the order.
CREATE INDEX order_lines_image ON order_lines (main_image_url) WHERE main_image_url LIKE '/images/%';

-- JPEG and PNG are compressed already.
ALTER TABLE renditions ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- The images of a product in their order: the picture, its renditions, and the words that stand for
-- it. They are in the row so that it carries them to all nodes. Without any, main_image_url is
-- shown.
ALTER TABLE products ADD COLUMN images jsonb NOT NULL DEFAULT '[]'
    CHECK (jsonb_typeof(images) = 'array' AND jsonb_array_length(images) <= 6);

CREATE OR REPLACE FUNCTION note_product() RETURNS trigger LANGUAGE plpgsql AS $$
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
            CASE WHEN (NEW.images, NEW.main_image_url) <> (OLD.images, OLD.main_image_url) THEN 'images' END);
    END IF;
    INSERT INTO events (kind, subject, who, why)
        VALUES (kind, NEW.name, nullif(current_setting('sneakers23.actor', true), ''), nullif(what, ''));
    RETURN NULL;
END
$$;

DROP TRIGGER products_edited ON products;

CREATE TRIGGER products_edited AFTER UPDATE ON products FOR EACH ROW
    WHEN ((OLD.sku, OLD."order", OLD.brand, OLD.name, OLD.color, OLD.price_cents, OLD.main_image_url, OLD.images,
            OLD.state, OLD.story)
        <> (NEW.sku, NEW."order", NEW.brand, NEW.name, NEW.color, NEW.price_cents, NEW.main_image_url, NEW.images,
            NEW.state, NEW.story))
    EXECUTE FUNCTION note_product();

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

LOCK TABLE item_availabilities, products IN ACCESS EXCLUSIVE MODE;

-- All pictures are lost.
DROP TRIGGER products_edited ON products;

CREATE TRIGGER products_edited AFTER UPDATE ON products FOR EACH ROW
    WHEN ((OLD.sku, OLD."order", OLD.brand, OLD.name, OLD.color, OLD.price_cents, OLD.main_image_url, OLD.state,
            OLD.story)
        <> (NEW.sku, NEW."order", NEW.brand, NEW.name, NEW.color, NEW.price_cents, NEW.main_image_url, NEW.state,
            NEW.story))
    EXECUTE FUNCTION note_product();

CREATE OR REPLACE FUNCTION note_product() RETURNS trigger LANGUAGE plpgsql AS $$
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

DROP INDEX order_lines_image;
ALTER TABLE products DROP COLUMN images;
DROP TABLE renditions, pictures;

-- +goose StatementEnd
