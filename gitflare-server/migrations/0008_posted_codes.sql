-- Codes that a provider posts to our server: whether it has, and why no account came of it.
ALTER TABLE links ADD COLUMN posted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE links ADD COLUMN failure TEXT;
-- The flows of a browser that comes back with nothing but its cookie.
CREATE INDEX links_by_browser ON links (browser) WHERE state IS NOT NULL;
