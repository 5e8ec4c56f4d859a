-- The default branch of an approved repository, as last seen; NULL while it is not known.
ALTER TABLE approvals ADD COLUMN default_branch TEXT;
