-- Roles for a ledger in PostgreSQL. Run it as who created the ledger, once, after
-- that; it may be run again after an update of Sluice. It needs CREATEROLE, and to own
-- the schema and its tables. It stops at the first error and then has changed nothing.
--
--   psql "$URL" --set=schema=sluice --file=postgres-roles.sql
--
-- A person's or a machine's own role is then granted one of them:
--
--   GRANT sluice_releaser TO ci;
--
-- With several scopes, each with a schema of its own, run it once for each, with a prefix
-- for the roles, and let those below read what is above:
--
--   psql "$URL" --set=schema=acme   --set=prefix=acme   --file=postgres-roles.sql
--   psql "$URL" --set=schema=retail --set=prefix=retail --file=postgres-roles.sql
--   GRANT acme_reader TO retail_reader;
--
-- Roles belong to the whole server: a ledger in another database of it needs a prefix of
-- its own as well, or who releases for one could write the records of both.
--
-- Nobody but the owner may change or delete a record, and Sluice never does.

\set ON_ERROR_STOP on

\if :{?schema}
\else
\set schema sluice
\endif

\if :{?prefix}
\else
\set prefix sluice
\endif

\set reader :prefix _reader
\set releaser :prefix _releaser
\set administrator :prefix _administrator

BEGIN;

SELECT format('CREATE ROLE %I NOLOGIN', name)
FROM unnest(ARRAY[:'reader', :'releaser', :'administrator']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

-- A reader plans, looks and verifies.
GRANT USAGE ON SCHEMA :"schema" TO :"reader";
GRANT SELECT ON ALL TABLES IN SCHEMA :"schema" TO :"reader";

-- A releaser appends records and takes leases. Leases are no record and change.
GRANT :"reader" TO :"releaser";
GRANT INSERT ON :"schema".record TO :"releaser";
GRANT INSERT, UPDATE ON :"schema".lease TO :"releaser";

-- An administrator brings the schema to the version of a newer Sluice, which only
-- owners of tables can. Whoever created the ledger stays one of them.
GRANT :"releaser" TO :"administrator";
GRANT CREATE ON SCHEMA :"schema" TO :"administrator";
GRANT :"administrator" TO CURRENT_USER;
ALTER TABLE :"schema".meta OWNER TO :"administrator";
ALTER TABLE :"schema".record OWNER TO :"administrator";
ALTER TABLE :"schema".lease OWNER TO :"administrator";

-- What an administrator adds with a newer schema is read without running this again.
ALTER DEFAULT PRIVILEGES FOR ROLE :"administrator" IN SCHEMA :"schema" GRANT SELECT ON TABLES TO :"reader";

COMMIT;
