#include "config.h"

#include "postgres/needs-private.h"
#include "postgres/quote.h"

/* Of each schema: may it be used, created in, and is all of it readable? Members of
 * extensions count only as far as they hold user data, as for a clone. Extensions of
 * the list are cut off at what anybody reads. */
static const char schemas_sql[] =
    "SELECT n.nspname, has_schema_privilege(%s, n.oid, 'USAGE'),"
    " has_schema_privilege(%s, n.oid, 'CREATE'),"
    " count(c.oid) FILTER (WHERE c.relkind <> 'S'),"
    " coalesce(bool_and(CASE WHEN c.relkind <> 'S'"
    "   THEN has_table_privilege(%s, c.oid, 'SELECT') ELSE true END), true),"
    " count(c.oid) FILTER (WHERE c.relkind = 'S'),"
    " coalesce(bool_and(CASE WHEN c.relkind = 'S'"
    "   THEN has_sequence_privilege(%s, c.oid, 'SELECT') ELSE true END), true),"
    " coalesce(bool_and(CASE WHEN c.relkind <> 'S'"
    "   THEN has_table_privilege(%s, c.oid, 'UPDATE') ELSE true END), true)"
    " FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid"
    "   AND c.relkind IN ('r', 'p', 'S')"
    "   AND (NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass"
    "       AND e.objid = c.oid AND e.objsubid = 0 AND e.deptype = 'e')"
    "     OR EXISTS (SELECT FROM pg_extension p WHERE c.oid = ANY (p.extconfig)))"
    " WHERE left(n.nspname, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'pgmanager')"
    " GROUP BY n.oid, n.nspname ORDER BY 1 LIMIT 5000";

/* Who makes tables in a schema, and whether those of later will be readable. */
static const char future_sql[] =
    "SELECT n.nspname, r.rolname, EXISTS (SELECT FROM pg_default_acl d, aclexplode(d.defaclacl) a"
    "   WHERE d.defaclrole = r.oid AND d.defaclnamespace IN (0, n.oid) AND d.defaclobjtype = 'r'"
    "     AND a.privilege_type = 'SELECT' AND (a.grantee = 0 OR a.grantee ="
    "       (SELECT oid FROM pg_roles WHERE rolname = %s)))"
    " FROM (SELECT DISTINCT relnamespace, relowner FROM pg_class WHERE relkind IN ('r', 'p', 'S')) c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner"
    " WHERE left(n.nspname, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'pgmanager')"
    "   AND r.rolname::text <> %s ORDER BY 1, 2 LIMIT 5000";

static const char large_objects_sql[] =
    "SELECT count(*), coalesce(bool_and(EXISTS ("
    "   SELECT FROM aclexplode(coalesce(m.lomacl, acldefault('L', m.lomowner))) a"
    "   WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR %s))), true)"
    " FROM pg_largeobject_metadata m";

/* An owner is exempt from it unless it is forced. */
static const char row_security_sql[] =
    "SELECT count(*), coalesce((SELECT r.rolbypassrls FROM pg_roles r WHERE r.rolname = %s), false),"
    " coalesce(bool_and(%s AND NOT c.relforcerowsecurity), true)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relrowsecurity AND c.relkind IN ('r', 'p') AND left(n.nspname, 3) <> 'pg_'";

/* Only an owner may publish a table. */
static const char owners_sql[] =
    "SELECT DISTINCT r.rolname, %s, r.rolsuper FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND left(n.nspname, 3) <> 'pg_'"
    "   AND n.nspname NOT IN ('information_schema', 'pgmanager')"
    "   AND r.rolname::text <> %s ORDER BY 1 LIMIT 1000";

#define ITS_OWNER "Its owner or a superuser can run it."

/* pg_has_role() knows no role that isn't there yet. */
static char *
member_check (PgmNeedsReading *self, const char *role)
{
  return self->needs->exists
             ? g_strdup_printf ("pg_has_role(%s, %s, 'USAGE')", self->role_literal, role)
             : g_strdup ("false");
}

static PgmNeed *
take (PgmNeedsReading *self,
      PgmPurpose purpose,
      char *name,
      gboolean granted,
      char *grant_sql,
      const char *disables)
{
  PgmNeed *need = pgm_needs_take (self->needs, purpose, name, granted, grant_sql);

  need->required = TRUE;
  need->in_script = TRUE;
  need->disables = disables;
  need->note = ITS_OWNER;
  return need;
}

static void
take_readable (PgmNeedsReading *self, PgmPurpose purpose, PgmResult *rows, guint row)
{
  const char *schema = pgm_result_get (rows, row, 0);
  g_autofree char *quoted = pgm_quote_identifier (schema);

  take (self, purpose, g_strdup_printf ("USAGE on schema %s", schema),
        pgm_result_get_bool (rows, row, 1),
        g_strdup_printf ("GRANT USAGE ON SCHEMA %s TO %s;", quoted, self->grantee),
        "reading anything of this schema");
  if (pgm_result_get_int64 (rows, row, 3) > 0)
    take (self, purpose, g_strdup_printf ("SELECT on all tables of schema %s", schema),
          pgm_result_get_bool (rows, row, 4),
          g_strdup_printf ("GRANT SELECT ON ALL TABLES IN SCHEMA %s TO %s;", quoted, self->grantee),
          "copying their rows");
  if (pgm_result_get_int64 (rows, row, 5) > 0)
    take (self, purpose, g_strdup_printf ("SELECT on all sequences of schema %s", schema),
          pgm_result_get_bool (rows, row, 6),
          g_strdup_printf ("GRANT SELECT ON ALL SEQUENCES IN SCHEMA %s TO %s;", quoted,
                           self->grantee),
          "copying their values");
}

/* What only a switchover needs, for it locks the tables. */
static void
take_lockable (PgmNeedsReading *self, PgmPurpose purpose, PgmResult *rows, guint row)
{
  const char *schema = pgm_result_get (rows, row, 0);
  g_autofree char *quoted = pgm_quote_identifier (schema);
  PgmNeed *need;

  if (pgm_result_get_int64 (rows, row, 3) == 0)
    return;
  need = take (
      self, purpose, g_strdup_printf ("UPDATE on all tables of schema %s", schema),
      pgm_result_get_bool (rows, row, 7),
      g_strdup_printf ("GRANT UPDATE ON ALL TABLES IN SCHEMA %s TO %s;", quoted, self->grantee),
      "a switchover, which locks the tables");
  need->required = FALSE;
  need->in_script = FALSE;
}

static void
take_writable (PgmNeedsReading *self, PgmPurpose purpose, PgmResult *rows, guint row)
{
  const char *schema = pgm_result_get (rows, row, 0);
  g_autofree char *quoted = pgm_quote_identifier (schema);

  take (self, purpose, g_strdup_printf ("USAGE, CREATE on schema %s", schema),
        pgm_result_get_bool (rows, row, 1) && pgm_result_get_bool (rows, row, 2),
        g_strdup_printf ("GRANT USAGE, CREATE ON SCHEMA %s TO %s;", quoted, self->grantee),
        "making tables in this schema");
}

static gboolean
read_schemas (PgmNeedsReading *self, PgmPurpose purpose, GError **error)
{
  const char *role = self->role_literal;
  g_autofree char *sql = g_strdup_printf (schemas_sql, role, role, role, role, role);
  g_autoptr (PgmResult) rows =
      pgm_connection_query (self->connection, sql, 0, NULL, self->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    if (purpose == PGM_PURPOSE_MIGRATE_TO)
      take_writable (self, purpose, rows, row);
    else
      {
        take_readable (self, purpose, rows, row);
        take_lockable (self, purpose, rows, row);
      }
  return rows != NULL;
}

static gboolean
read_future (PgmNeedsReading *self, PgmPurpose purpose, GError **error)
{
  g_autofree char *sql = g_strdup_printf (future_sql, self->role_literal, self->script_literal);
  g_autoptr (PgmResult) rows =
      pgm_connection_query (self->connection, sql, 0, NULL, self->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      const char *schema = pgm_result_get (rows, row, 0);
      const char *owner = pgm_result_get (rows, row, 1);
      g_autofree char *quoted = pgm_quote_identifier (schema);
      g_autofree char *quoted_owner = pgm_quote_identifier (owner);
      PgmNeed *need =
          take (self, purpose,
                g_strdup_printf ("SELECT on what %s makes in schema %s later", owner, schema),
                pgm_result_get_bool (rows, row, 2),
                g_strdup_printf (
                    "ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %s GRANT SELECT ON TABLES"
                    " TO %s; ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %s GRANT SELECT ON"
                    " SEQUENCES TO %s;",
                    quoted_owner, quoted, self->grantee, quoted_owner, quoted, self->grantee),
                "copying tables that are made after the grants");

      need->required = FALSE;
      need->note = "That role itself or a superuser can run it.";
    }
  return rows != NULL;
}

static gboolean
read_large_objects (PgmNeedsReading *self, PgmPurpose purpose, GError **error)
{
  g_autofree char *member = member_check (self, "a.grantee");
  g_autofree char *sql = g_strdup_printf (large_objects_sql, member);
  g_autoptr (PgmResult) row =
      pgm_connection_query (self->connection, sql, 0, NULL, self->cancellable, error);

  if (row == NULL)
    return FALSE;
  if (pgm_result_get_int64 (row, 0, 0) > 0)
    take (self, purpose, g_strdup ("SELECT on all large objects"), pgm_result_get_bool (row, 0, 1),
          g_strdup_printf (
              "DO $pgmanager$ DECLARE lo oid; BEGIN"
              " FOR lo IN SELECT oid FROM pg_catalog.pg_largeobject_metadata LOOP"
              " EXECUTE pg_catalog.format('GRANT SELECT ON LARGE OBJECT %%s TO %%I', lo, %s);"
              " END LOOP; END $pgmanager$;",
              self->script_literal),
          "copying large objects");
  return TRUE;
}

static gboolean
read_row_security (PgmNeedsReading *self, PgmPurpose purpose, GError **error)
{
  g_autofree char *member = member_check (self, "c.relowner");
  g_autofree char *sql = g_strdup_printf (row_security_sql, self->role_literal, member);
  g_autoptr (PgmResult) row =
      pgm_connection_query (self->connection, sql, 0, NULL, self->cancellable, error);
  PgmNeed *need;

  if (row == NULL)
    return FALSE;
  if (pgm_result_get_int64 (row, 0, 0) == 0)
    return TRUE;
  need = take (self, purpose, g_strdup ("BYPASSRLS"),
               pgm_result_get_bool (row, 0, 1) || pgm_result_get_bool (row, 0, 2),
               g_strdup_printf ("ALTER ROLE %s BYPASSRLS;", self->grantee),
               "reading all rows of tables with row security");
  need->attribute = "BYPASSRLS";
  need->note = "Only a superuser can give it.";
  return TRUE;
}

static gboolean
read_owners (PgmNeedsReading *self, PgmPurpose purpose, GError **error)
{
  g_autofree char *member = member_check (self, "r.oid");
  g_autofree char *sql = g_strdup_printf (owners_sql, member, self->script_literal);
  g_autoptr (PgmResult) rows =
      pgm_connection_query (self->connection, sql, 0, NULL, self->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      const char *owner = pgm_result_get (rows, row, 0);
      g_autofree char *quoted = pgm_quote_identifier (owner);
      PgmNeed *need =
          take (self, purpose, g_strdup_printf ("membership in %s, who owns tables", owner),
                pgm_result_get_bool (rows, row, 1),
                g_strdup_printf ("GRANT %s TO %s;", quoted, self->grantee),
                "publishing their tables for following; without it, let their owner make a"
                " publication and name it with --publication");

      need->required = FALSE;
      need->in_script = FALSE; /* far more than reading */
      need->note = pgm_result_get_bool (rows, row, 2)
                       ? "It makes the role as powerful as a superuser."
                       : "It may then also change and drop what that role owns.";
    }
  return rows != NULL;
}

/* Its owner is who may close it. */
static gboolean
read_database_owner (PgmNeedsReading *self, PgmPurpose purpose, GError **error)
{
  g_autofree char *member = member_check (self, "r.oid");
  g_autofree char *sql = g_strdup_printf (
      "SELECT r.rolname, %s, r.rolsuper FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba"
      " WHERE d.datname = current_database() AND r.rolname::text <> %s",
      member, self->script_literal);
  g_autoptr (PgmResult) row =
      pgm_connection_query (self->connection, sql, 0, NULL, self->cancellable, error);
  g_autofree char *quoted = NULL;
  const char *owner;
  PgmNeed *need;

  if (row == NULL || pgm_result_get_rows (row) == 0)
    return row != NULL;
  owner = pgm_result_get (row, 0, 0);
  quoted = pgm_quote_identifier (owner);
  need = take (self, purpose, g_strdup_printf ("membership in %s, who owns the database", owner),
               pgm_result_get_bool (row, 0, 1),
               g_strdup_printf ("GRANT %s TO %s;", quoted, self->grantee),
               "the fences revoke and readonly at a switchover");
  need->required = FALSE;
  need->in_script = FALSE;
  need->note = pgm_result_get_bool (row, 0, 2) ? "It makes the role as powerful as a superuser."
                                               : "It may then also drop the database.";
  return TRUE;
}

gboolean
pgm_needs_read_objects (PgmNeedsReading *self, PgmPurpose purpose, GError **error)
{
  if (purpose == PGM_PURPOSE_MIGRATE_TO)
    return read_schemas (self, purpose, error);
  if (purpose != PGM_PURPOSE_MIGRATE_FROM)
    return TRUE;
  return read_schemas (self, purpose, error) && read_large_objects (self, purpose, error) &&
         read_row_security (self, purpose, error) && read_future (self, purpose, error) &&
         read_owners (self, purpose, error) && read_database_owner (self, purpose, error);
}
