-- +goose Up
-- +goose StatementBegin

-- A banner is a line at the head of every page, until it ends or is taken away. Operators set it,
-- or a drop does when it opens: banner_drop is that drop, whose end is the banner's.
ALTER TABLE shop_settings
    ALTER name SET DEFAULT 'Sneakers23',
    ALTER zone SET DEFAULT 'UTC',
    ADD banner      text NOT NULL DEFAULT '' CHECK (length(banner) <= 140),
    ADD banner_ends timestamptz,
    ADD banner_drop bigint;

ALTER TABLE drops ADD announces text NOT NULL DEFAULT '' CHECK (length(announces) <= 140);

CREATE OR REPLACE FUNCTION note_shop_settings() RETURNS trigger LANGUAGE plpgsql AS $$
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
            CASE WHEN NEW.returns <> OLD.returns THEN 'words about returns' END,
            CASE WHEN NEW.banner = OLD.banner AND NEW.banner_ends IS DISTINCT FROM OLD.banner_ends THEN
                'end of the banner' END,
            CASE WHEN NEW.banner <> OLD.banner AND NEW.banner = '' THEN 'no banner' END,
            CASE WHEN NEW.banner <> OLD.banner AND NEW.banner <> '' THEN format('banner “%s”', NEW.banner) END);
    ELSIF NEW.banner <> '' THEN
        what := format('banner “%s”', NEW.banner);
    END IF;
    INSERT INTO events (kind, subject, who, why)
        VALUES ('shop_set', NEW.name, nullif(current_setting('sneakers23.actor', true), ''), nullif(what, ''));
    RETURN NULL;
END
$$;

-- A program of the version before would open a drop without its banner.
UPDATE schema_range SET oldest = 14;

-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin

-- The banner is lost, and those that drops were to show.
ALTER TABLE drops DROP announces;
ALTER TABLE shop_settings
    ALTER name DROP DEFAULT,
    ALTER zone DROP DEFAULT,
    DROP banner,
    DROP banner_ends,
    DROP banner_drop;

CREATE OR REPLACE FUNCTION note_shop_settings() RETURNS trigger LANGUAGE plpgsql AS $$
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

UPDATE schema_range SET oldest = 12;

-- +goose StatementEnd
