-- Roles for a ledger in PostgreSQL. Run it as the owner of the database, once, after
-- the ledger was created; it may be run again after an update of Sluice.
--
--   psql "$URL" --set=schema=sluice --file=postgres-roles.sql
--
-- A person's or a machine's own role is then granted one of them:
--
--   GRANT sluice_releaser TO ci;
--
-- Nobody but the owner may change or delete a record, and Sluice never does.

\if :{?schema}
\else
\set schema sluice
\endif

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_reader') THEN
		CREATE ROLE sluice_reader NOLOGIN;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_releaser') THEN
		CREATE ROLE sluice_releaser NOLOGIN;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_administrator') THEN
		CREATE ROLE sluice_administrator NOLOGIN;
	END IF;
END
$$;

-- A reader plans, looks and verifies.
GRANT USAGE ON SCHEMA :"schema" TO sluice_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA :"schema" TO sluice_reader;

-- A releaser appends records and takes leases. Leases are no record and change.
GRANT sluice_reader TO sluice_releaser;
GRANT INSERT ON :"schema".record TO sluice_releaser;
GRANT INSERT, UPDATE ON :"schema".lease TO sluice_releaser;

-- An administrator brings the schema to the version of a newer Sluice, which only
-- owners of tables can. Whoever created the ledger stays one of them.
GRANT sluice_releaser TO sluice_administrator;
GRANT CREATE ON SCHEMA :"schema" TO sluice_administrator;
GRANT sluice_administrator TO CURRENT_USER;
ALTER TABLE :"schema".meta OWNER TO sluice_administrator;
ALTER TABLE :"schema".record OWNER TO sluice_administrator;
ALTER TABLE :"schema".lease OWNER TO sluice_administrator;
