#include "config.h"

#include "postgres/privileges-private.h"
#include "postgres/quote.h"

/* Distinct names as the rows of a VALUES list; NULL when there are none. */
static char *
names_values (const char *const *names)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GString *values = g_string_new (NULL);

  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (!g_hash_table_add (seen, g_strdup (names[i])))
        continue;
      g_string_append (values, values->len > 0 ? ", (" : "(");
      pgm_quote_append_literal (values, names[i]);
      g_string_append_c (values, ')');
    }
  return g_string_free (values, values->len == 0);
}

static char *
pairs_values (const char *const *owners, const char *const *schemas)
{
  GString *values = g_string_new (NULL);

  for (gsize i = 0; owners != NULL && schemas != NULL && owners[i] != NULL && schemas[i] != NULL;
       i++)
    {
      g_string_append (values, values->len > 0 ? ", (" : "(");
      pgm_quote_append_literal (values, owners[i]);
      g_string_append (values, ", ");
      pgm_quote_append_literal (values, schemas[i]);
      g_string_append_c (values, ')');
    }
  return g_string_free (values, values->len == 0);
}

static gboolean
check_database (GPtrArray *missing,
                PgmConnection *connection,
                const PgmServerInfo *server,
                GCancellable *cancellable,
                GError **error)
{
  g_autofree char *user = pgm_quote_identifier (server->user);
  g_autofree char *database = pgm_quote_identifier (server->database);
  g_autoptr (PgmResult) result = pgm_connection_query (
      connection, "SELECT has_database_privilege(current_database(), 'CREATE')", 0, NULL,
      cancellable, error);

  if (result == NULL)
    return FALSE;
  if (!pgm_result_get_bool (result, 0, 0))
    pgm_missing_privileges_take (
        missing, g_strdup_printf ("create schemas in database %s", server->database),
        g_strdup_printf ("GRANT CREATE ON DATABASE %s TO %s;", database, user),
        "The owner of the database or a superuser can run it.");
  return TRUE;
}

static gboolean
check_schemas (GPtrArray *missing,
               PgmConnection *connection,
               const PgmServerInfo *server,
               const char *const *schemas,
               GCancellable *cancellable,
               GError **error)
{
  g_autofree char *user = pgm_quote_identifier (server->user);
  g_autofree char *values = names_values (schemas);
  g_autofree char *sql = NULL;
  g_autoptr (PgmResult) result = NULL;

  if (values == NULL)
    return TRUE;
  sql = g_strdup_printf ("SELECT n.nspname FROM pg_namespace n"
                         " WHERE n.nspname::text IN (SELECT v.name FROM (VALUES %s) v(name))"
                         "   AND NOT (has_schema_privilege(n.oid, 'CREATE')"
                         "     AND has_schema_privilege(n.oid, 'USAGE')) ORDER BY 1",
                         values);
  result = pgm_connection_query (connection, sql, 0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *schema = pgm_result_get (result, row, 0);
      g_autofree char *quoted = pgm_quote_identifier (schema);

      pgm_missing_privileges_take (
          missing, g_strdup_printf ("create objects in schema %s", schema),
          g_strdup_printf ("GRANT CREATE, USAGE ON SCHEMA %s TO %s;", quoted, user),
          "Its owner or a superuser can run it.");
    }
  return TRUE;
}

/* ALTER … OWNER TO needs SET ROLE to the new owner, and what comes after it (an
 * index, a comment, a GRANT) needs the owner's rights by inheritance. Since 16
 * both are properties of the membership, before of the member.
 * pg_database_owner has no members of its own making. */
static gboolean
check_owners (GPtrArray *missing,
              PgmConnection *connection,
              const PgmServerInfo *server,
              const char *const *owners,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *user = pgm_quote_identifier (server->user);
  g_autofree char *values = names_values (owners);
  g_autofree char *sql = NULL;
  g_autoptr (PgmResult) result = NULL;

  if (values == NULL)
    return TRUE;
  sql = g_strdup_printf ("SELECT r.rolname, pg_has_role(r.oid, '%s'), r.rolsuper FROM pg_roles r"
                         " WHERE r.rolname::text IN (SELECT v.name FROM (VALUES %s) v(name))"
                         "   AND r.rolname <> 'pg_database_owner'"
                         "   AND NOT (pg_has_role(r.oid, '%s') AND pg_has_role(r.oid, 'USAGE'))"
                         " ORDER BY 1",
                         server->major >= 16 ? "SET" : "MEMBER", values,
                         server->major >= 16 ? "SET" : "MEMBER");
  result = pgm_connection_query (connection, sql, 0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *owner = pgm_result_get (result, row, 0);
      gboolean member = pgm_result_get_bool (result, row, 1);
      g_autofree char *quoted = pgm_quote_identifier (owner);
      char *fix;

      if (server->major >= 16)
        fix = g_strdup_printf ("GRANT %s TO %s WITH INHERIT TRUE, SET TRUE;", quoted, user);
      else if (!member)
        fix = g_strdup_printf ("GRANT %s TO %s;", quoted, user);
      else
        fix = g_strdup_printf ("ALTER ROLE %s INHERIT;", user);
      pgm_missing_privileges_take (missing, g_strdup_printf ("give objects to role %s", owner), fix,
                                   pgm_result_get_bool (result, row, 2)
                                       ? "It makes this role as powerful as a superuser; only a"
                                         " superuser can run it. --no-owner does without."
                                       : "A superuser or an administrator of that role can run it."
                                         " --no-owner does without.");
    }
  return TRUE;
}

/* The new owner of an object must be allowed to create it where it is. */
static gboolean
check_pairs (GPtrArray *missing,
             PgmConnection *connection,
             const char *const *owners,
             const char *const *schemas,
             GCancellable *cancellable,
             GError **error)
{
  g_autofree char *values = pairs_values (owners, schemas);
  g_autofree char *sql = NULL;
  g_autoptr (PgmResult) result = NULL;

  if (values == NULL)
    return TRUE;
  sql = g_strdup_printf ("SELECT DISTINCT r.rolname, n.nspname FROM (VALUES %s) v(owner, schema)"
                         " JOIN pg_roles r ON r.rolname = v.owner"
                         " JOIN pg_namespace n ON n.nspname = v.schema"
                         " WHERE r.rolname <> current_user"
                         "   AND NOT has_schema_privilege(r.oid, n.oid, 'CREATE') ORDER BY 1, 2",
                         values);
  result = pgm_connection_query (connection, sql, 0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *owner = pgm_result_get (result, row, 0);
      const char *schema = pgm_result_get (result, row, 1);
      g_autofree char *quoted_owner = pgm_quote_identifier (owner);
      g_autofree char *quoted_schema = pgm_quote_identifier (schema);

      pgm_missing_privileges_take (
          missing, g_strdup_printf ("own objects in schema %s, as role %s", schema, owner),
          g_strdup_printf ("GRANT CREATE ON SCHEMA %s TO %s;", quoted_schema, quoted_owner),
          "The owner of the schema or a superuser can run it.");
    }
  return TRUE;
}

GPtrArray *
pgm_privileges_check_destination (PgmConnection *connection,
                                  const PgmServerInfo *server,
                                  const char *const *owners,
                                  const char *const *schemas,
                                  GCancellable *cancellable,
                                  GError **error)
{
  g_autoptr (GPtrArray) missing = pgm_missing_privileges_new ();

  if (server->superuser)
    return g_steal_pointer (&missing);
  if (!check_database (missing, connection, server, cancellable, error) ||
      !check_schemas (missing, connection, server, schemas, cancellable, error) ||
      !check_owners (missing, connection, server, owners, cancellable, error) ||
      !check_pairs (missing, connection, owners, schemas, cancellable, error))
    return NULL;
  return g_steal_pointer (&missing);
}
