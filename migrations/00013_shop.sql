-- +goose Up
-- +goose StatementBegin

-- The settings of the shop: one row, or none before anything was set. The logo is a picture
-- with its renditions, as products have them in their images.
CREATE TABLE shop_settings (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    name        text    NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    zone        text    NOT NULL CHECK (length(zone) BETWEEN 1 AND 60), -- IANA name
    url         text    NOT NULL DEFAULT '' CHECK (length(url) <= 200),
    accent      text    NOT NULL DEFAULT '' CHECK (accent ~ '^(#[0-9a-f]{6})?$'),
    accent_dark text    NOT NULL DEFAULT '' CHECK (accent_dark ~ '^(#[0-9a-f]{6})?$'),
    logo        jsonb   CHECK (jsonb_typeof(logo->'picture') = 'string'),
    shipping    text    NOT NULL DEFAULT '' CHECK (length(shipping) <= 300),
    returns     text    NOT NULL DEFAULT '' CHECK (length(returns) <= 300),
    revision    bigint  NOT NULL DEFAULT nextval('revisions')
);

-- Pages of text in Markdown. The row of a page that was removed stays, without title and body, so
-- that nodes compare its revision like any other.
CREATE TABLE shop_pages (
    slug     text   PRIMARY KEY CHECK (slug ~ '^[a-z]{1,40}$'),
    title    text   NOT NULL CHECK (length(title) <= 100),
    body     text   NOT NULL CHECK (length(body) <= 40000),
    revision bigint NOT NULL DEFAULT nextval('revisions'),
    CHECK ((title = '') = (body = ''))
);

CREATE TRIGGER shop_settings_revision BEFORE UPDATE ON shop_settings
    FOR EACH ROW EXECUTE FUNCTION next_revision();

CREATE TRIGGER shop_pages_revision BEFORE UPDATE ON shop_pages
    FOR EACH ROW EXECUTE FUNCTION next_revision();

CREATE FUNCTION note_shop_settings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    what text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        what := concat_ws(', ',
            CASE WHEN NEW.name <> OLD.name THEN format('name %s to %s', OLD.name, NEW.name) END,
            CASE WHEN NEW.zone <> OLD.zone THEN format('zone %s to %s', OLD.zone, NEW.zone) END,
            CASE WHEN NEW.url <> OLD.url THEN 'address' END,
            CASE WHEN (NEW.accent, NEW.accent_dark) <> (OLD.accent, OLD.accent_dark) THEN 'accent color' END,
            CASE WHEN NEW.logo IS DISTINCT FROM OLD.logo THEN 'logo' END,
            CASE WHEN NEW.shipping <> OLD.shipping THEN 'words about shipping' END,
            CASE WHEN NEW.returns <> OLD.returns THEN 'words about returns' END);
    END IF;
    INSERT INTO events (kind, subject, who, why)
        VALUES ('shop_set', NEW.name, nullif(current_setting('sneakers23.actor', true), ''), nullif(what, ''));
    RETURN NULL;
END
$$;

CREATE FUNCTION note_shop_page() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kind text := 'page_written';
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.body <> '' THEN
        kind := CASE WHEN NEW.body = '' THEN 'page_removed' ELSE 'page_edited' END;
    END IF;
    INSERT INTO events (kind, subject, who)
        VALUES (kind, NEW.slug, nullif(current_setting('sneakers23.actor', true), ''));
    RETURN NULL;
END
$$;

CREATE TRIGGER shop_settings_noted AFTER INSERT OR UPDATE ON shop_settings FOR EACH ROW
    WHEN (current_setting('sneakers23.unsaid', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION note_shop_settings();

CREATE TRIGGER shop_pages_noted AFTER INSERT OR UPDATE ON shop_pages FOR EACH ROW
    WHEN (current_setting('sneakers23.unsaid', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION note_shop_page();

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

-- All settings and pages are lost.
DROP TABLE shop_settings, shop_pages;
DROP FUNCTION note_shop_settings, note_shop_page;

-- +goose StatementEnd
