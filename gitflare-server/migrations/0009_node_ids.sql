-- The ids by which a provider's GraphQL API asks for approved repositories, as far as they are known.
ALTER TABLE approvals ADD COLUMN node_id TEXT;
