-- An app's customers are listed by id, and named by the tenant that stands for one.
CREATE INDEX authorizations_of_client ON authorizations (client_id, id);
CREATE INDEX customers_of_client ON customers (client_id, tenant_id, customer_ref);
