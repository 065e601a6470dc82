#include "migration/reverse.h"

#include "postgres/privileges.h"
#include "postgres/quote.h"

/* PostgreSQL lets others than superusers use origins from this major on, and grants
 * parameters from the next. */
#define ORIGIN_GRANT_MAJOR    14
#define PARAMETER_GRANT_MAJOR 15

static const char origin_functions[] =
    "pg_catalog.pg_replication_origin_create(text),"
    " pg_catalog.pg_replication_origin_drop(text),"
    " pg_catalog.pg_replication_origin_oid(text),"
    " pg_catalog.pg_replication_origin_advance(text, pg_lsn),"
    " pg_catalog.pg_replication_origin_progress(text, boolean),"
    " pg_catalog.pg_replication_origin_session_setup(text),"
    " pg_catalog.pg_replication_origin_session_reset(),"
    " pg_catalog.pg_replication_origin_session_is_setup(),"
    " pg_catalog.pg_replication_origin_session_progress(boolean),"
    " pg_catalog.pg_replication_origin_xact_setup(pg_lsn, timestamp with time zone),"
    " pg_catalog.pg_replication_origin_xact_reset()";

static const PgmServerInfo *
server_of (const PgmReverse *self, gboolean to)
{
  return to == self->back ? self->ctx->ends->source : self->ctx->ends->destination;
}

/* Takes @fix_sql. */
static void
miss (GPtrArray *missing, const char *subject, char *fix_sql, const char *note)
{
  PgmMissingPrivilege *privilege = g_new0 (PgmMissingPrivilege, 1);

  privilege->subject = g_strdup (subject);
  privilege->fix_sql = fix_sql;
  privilege->note = g_strdup (note);
  g_ptr_array_add (missing, privilege);
}

/* @sql: one boolean. */
static gboolean
ask (PgmConnection *connection,
     const char *sql,
     gboolean *answer,
     GCancellable *cancellable,
     GError **error)
{
  g_autofree char *value =
      pgm_connection_query_value (connection, sql, 0, NULL, cancellable, error);

  *answer = g_strcmp0 (value, "t") == 0;
  return value != NULL;
}

static gboolean
check_origin (const PgmReverse *self, GPtrArray *missing, GCancellable *cancellable, GError **error)
{
  const PgmServerInfo *server = server_of (self, FALSE);
  g_autofree char *user = pgm_quote_identifier (server->user);
  gboolean may = FALSE;

  if (server->superuser)
    return TRUE;
  if (server->major < ORIGIN_GRANT_MAJOR)
    {
      miss (missing, "replication origins for the way back",
            g_strdup_printf ("ALTER ROLE %s SUPERUSER", user),
            "before PostgreSQL 14 only a superuser may use them; or keep no way back");
      return TRUE;
    }
  if (!ask (self->from,
            "SELECT bool_and(pg_catalog.has_function_privilege(p.oid, 'EXECUTE'))"
            " FROM pg_catalog.pg_proc p"
            " WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace"
            " AND p.proname LIKE 'pg\\_replication\\_origin\\_%'",
            &may, cancellable, error))
    return FALSE;
  if (!may)
    miss (missing, "replication origins for the way back",
          g_strdup_printf ("GRANT EXECUTE ON FUNCTION %s TO %s", origin_functions, user), NULL);
  return TRUE;
}

/* Rows that come back must not fire triggers a second time. */
static gboolean
check_replica_role (const PgmReverse *self,
                    GPtrArray *missing,
                    GCancellable *cancellable,
                    GError **error)
{
  const PgmServerInfo *server = server_of (self, FALSE);
  gboolean grantable = server->major >= PARAMETER_GRANT_MAJOR;
  g_autofree char *user = pgm_quote_identifier (server->user);
  gboolean needed = FALSE, may = FALSE;

  if (server->superuser)
    return TRUE;
  if (!ask (
          self->from,
          "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger t"
          " JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
          " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
          " WHERE t.tgenabled IN ('O', 'A') AND n.nspname !~ '^pg_' AND n.nspname <> 'pgmanager')",
          &needed, cancellable, error))
    return FALSE;
  if (!needed)
    return TRUE;
  if (grantable &&
      !ask (self->from,
            "SELECT pg_catalog.has_parameter_privilege('session_replication_role', 'SET')", &may,
            cancellable, error))
    return FALSE;
  if (!may)
    miss (missing, "apply changes that come back without firing triggers,",
          grantable
              ? g_strdup_printf ("GRANT SET ON PARAMETER session_replication_role TO %s", user)
              : g_strdup_printf ("ALTER ROLE %s SUPERUSER", user),
          NULL);
  return TRUE;
}

static gboolean
check_tables (const PgmReverse *self, GPtrArray *missing, GCancellable *cancellable, GError **error)
{
  const PgmCatalog *catalog = self->ctx->catalog;
  g_autofree char *user = pgm_quote_identifier (server_of (self, TRUE)->user);

  for (guint i = 0; i < catalog->tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (catalog->tables, i);
      g_autofree char *name = pgm_quote_qualified (table->schema, table->name);
      const char *params[] = { name };
      g_autoptr (PgmResult) result = NULL;

      if (table->kind != 'r' || table->persistence != 'p')
        continue;
      result = pgm_connection_query (
          self->to,
          "SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE'), pg_catalog.quote_ident(r.rolname)"
          " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner"
          " WHERE c.oid = $1::pg_catalog.regclass",
          1, params, cancellable, error);
      if (result == NULL)
        return FALSE;
      if (pgm_result_get_rows (result) != 1 || pgm_result_get_bool (result, 0, 0))
        continue;
      miss (missing, "publish tables for the way back, which is for their owner",
            g_strdup_printf ("GRANT %s TO %s", pgm_result_get (result, 0, 1), user), name);
      return TRUE;
    }
  return TRUE;
}

static gboolean
check_publisher (const PgmReverse *self,
                 GPtrArray *missing,
                 GCancellable *cancellable,
                 GError **error)
{
  const PgmServerInfo *server = server_of (self, TRUE);
  g_autofree char *user = pgm_quote_identifier (server->user);
  g_autofree char *database = pgm_quote_identifier (server->database);
  gboolean may = FALSE;

  if (g_strcmp0 (server->wal_level, "logical") != 0)
    miss (missing, "a stream of changes for the way back",
          g_strdup ("ALTER SYSTEM SET wal_level = 'logical'"), "takes a restart of that server");
  if (server->superuser)
    return TRUE;
  /* Asked again, since it may have been granted after the session was opened. */
  if (!ask (self->to, "SELECT rolreplication FROM pg_catalog.pg_roles WHERE rolname = current_user",
            &may, cancellable, error))
    return FALSE;
  if (!may)
    miss (missing, "a slot for the way back", g_strdup_printf ("ALTER ROLE %s REPLICATION", user),
          NULL);
  if (!ask (self->to, "SELECT pg_catalog.has_database_privilege(current_database(), 'CREATE')",
            &may, cancellable, error))
    return FALSE;
  if (!may)
    miss (missing, "a publication for the way back",
          g_strdup_printf ("GRANT CREATE ON DATABASE %s TO %s", database, user), NULL);
  return check_tables (self, missing, cancellable, error);
}

gboolean
pgm_reverse_check_servers (const PgmReverse *self,
                           GPtrArray *missing,
                           GCancellable *cancellable,
                           GError **error)
{
  if (!check_publisher (self, missing, cancellable, error))
    return FALSE;
  pgm_missing_privileges_set_side (
      missing, pgm_end_name (self->back ? PGM_END_SOURCE : PGM_END_DESTINATION));
  if (!check_origin (self, missing, cancellable, error) ||
      !check_replica_role (self, missing, cancellable, error))
    return FALSE;
  pgm_missing_privileges_set_side (
      missing, pgm_end_name (self->back ? PGM_END_DESTINATION : PGM_END_SOURCE));
  return TRUE;
}

gboolean
pgm_reverse_check (const PgmReverse *self,
                   GPtrArray *missing,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autofree char *user = pgm_quote_identifier (self->ctx->ends->destination->user);
  g_autofree char *hint = NULL;

  /* Without an origin nothing tells apart what came from the other side. */
  if (self->ctx->state->origin != NULL)
    return pgm_reverse_check_servers (self, missing, cancellable, error);
  hint = g_strdup_printf ("GRANT EXECUTE ON FUNCTION %s TO %s; on the destination, from PostgreSQL"
                          " 14 on, and start following anew; or keep no way back.",
                          origin_functions, user);
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL,
                      "Changes are applied to the destination without a replication origin, so it"
                      " can't be told which of them came from the source.",
                      hint, "there can be no way back");
  return FALSE;
}
