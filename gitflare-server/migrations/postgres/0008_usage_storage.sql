-- Counts are packed already: what they are compressed by once more costs a summary more than it saves.
ALTER TABLE usage_counts ALTER COLUMN body SET STORAGE EXTERNAL;
