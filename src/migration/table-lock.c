#include "migration/table-lock.h"

#include "postgres/quote.h"

/* Of deadlock_timeout, for all tables together. */
#define SHARE_OF_DEADLOCK_TIMEOUT 0.8

/* Times deadlock_timeout: the server looks for an autovacuum to cancel when a lock
 * has been waited for that long, and the worker needs a moment to stop. */
#define VACUUM_PATIENCE 4

#define PREPARE_ATTEMPTS 5

#define NAMED 5

struct _PgmTableLock
{
  PgmConnection *connection;
  GString *names;  /* "ONLY a.b, ONLY …" */
  GString *values; /* "('a.b'), …", of quoted names */
  guint n_tables;
  gint64 deadlock_timeout; /* milliseconds */
};

PgmTableLock *
pgm_table_lock_new (PgmConnection *connection, const PgmCatalog *catalog)
{
  PgmTableLock *self = g_new0 (PgmTableLock, 1);

  self->connection = connection;
  self->names = g_string_new (NULL);
  self->values = g_string_new (NULL);
  for (guint i = 0; i < catalog->tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (catalog->tables, i);
      g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

      if (table->kind != 'r' && table->kind != 'p')
        continue;
      g_string_append_printf (self->names, "%sONLY %s", self->n_tables > 0 ? ", " : "", name);
      g_string_append (self->values, self->n_tables > 0 ? ", (" : "(");
      pgm_quote_append_literal (self->values, name);
      g_string_append_c (self->values, ')');
      self->n_tables++;
    }
  return self;
}

void
pgm_table_lock_free (PgmTableLock *self)
{
  if (self == NULL)
    return;
  pgm_connection_free (self->connection);
  g_string_free (self->names, TRUE);
  g_string_free (self->values, TRUE);
  g_free (self);
}

guint
pgm_table_lock_get_tables (PgmTableLock *self)
{
  return self->n_tables;
}

int
pgm_table_lock_get_pid (PgmTableLock *self)
{
  return pgm_connection_get_backend_pid (self->connection);
}

gboolean
pgm_table_lock_check_privileges (PgmTableLock *self,
                                 GPtrArray *missing,
                                 GCancellable *cancellable,
                                 GError **error)
{
  gboolean maintain = pgm_connection_get_major (self->connection) >= 17;
  const char *privilege = maintain ? "MAINTAIN" : "UPDATE";
  g_autofree char *sql = NULL;
  g_autoptr (PgmResult) result = NULL;

  if (self->n_tables == 0)
    return TRUE;
  sql = g_strdup_printf (
      "SELECT v.name, pg_catalog.quote_ident(current_user) FROM (VALUES %s) v(name)"
      " WHERE NOT pg_catalog.has_table_privilege(v.name, 'UPDATE, DELETE, TRUNCATE%s')"
      " ORDER BY 1",
      self->values->str, maintain ? ", MAINTAIN" : "");
  result = pgm_connection_query (self->connection, sql, 0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *name = pgm_result_get (result, row, 0);
      PgmMissingPrivilege *lacking = g_new0 (PgmMissingPrivilege, 1);

      lacking->subject = g_strdup_printf ("lock table %s against writers", name);
      lacking->fix_sql = g_strdup_printf ("GRANT %s ON %s TO %s", privilege, name,
                                          pgm_result_get (result, row, 1));
      g_ptr_array_add (missing, lacking);
    }
  return TRUE;
}

static gboolean
read_deadlock_timeout (PgmTableLock *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *value = pgm_connection_query_value (
      self->connection,
      "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'", 0, NULL,
      cancellable, error);

  if (value == NULL)
    return FALSE;
  self->deadlock_timeout = MAX (g_ascii_strtoll (value, NULL, 10), 1);
  return TRUE;
}

static gboolean
is_timeout (const GError *error)
{
  const char *sqlstate = pgm_error_get_sqlstate (error);

  /* lock_not_available; query_canceled by statement_timeout. */
  return g_strcmp0 (sqlstate, "55P03") == 0 || g_strcmp0 (sqlstate, "57014") == 0;
}

/* One table after the other and none kept, so that there is no circle to be in: each
 * wait may then last beyond deadlock_timeout, which is when an autovacuum is told to
 * go. */
static gboolean
drive_vacuums_away (PgmTableLock *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT DISTINCT v.name FROM (VALUES %s) v(name) JOIN pg_catalog.pg_locks l"
      " ON l.relation = v.name::pg_catalog.regclass"
      " WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()"
      " AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
      " AND l.mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',"
      " 'ExclusiveLock', 'AccessExclusiveLock')",
      self->values->str);
  g_autoptr (PgmResult) busy =
      pgm_connection_query (self->connection, sql, 0, NULL, cancellable, error);

  if (busy == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (busy); row++)
    {
      g_autoptr (GError) local = NULL;

      if (pgm_connection_execf (self->connection, cancellable, &local,
                                "SET LOCAL lock_timeout = %" G_GINT64_FORMAT
                                "; LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE",
                                self->deadlock_timeout * VACUUM_PATIENCE,
                                pgm_result_get (busy, row, 0)) ||
          (!pgm_error_is_cancelled (local) && is_timeout (local)))
        continue;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return TRUE;
}

/* Holders of the locks of @modes on the tables of @values. */
static char *
list_holders (PgmTableLock *self, const char *modes, GCancellable *cancellable)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT DISTINCT ON (l.pid) l.pid, coalesce(a.usename, a.backend_type, 'prepared transaction'),"
      " a.application_name, pg_catalog.date_part('epoch', now() - a.xact_start)::int8,"
      " left(a.query, 100) FROM (VALUES %s) v(name) JOIN pg_catalog.pg_locks l"
      " ON l.relation = v.name::pg_catalog.regclass"
      " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
      " WHERE l.locktype = 'relation' AND l.granted"
      " AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() AND l.mode IN (%s)",
      self->values->str, modes);
  g_autoptr (PgmResult) result =
      pgm_connection_query (self->connection, sql, 0, NULL, cancellable, NULL);
  GString *text = NULL;

  if (result == NULL || pgm_result_get_rows (result) == 0)
    return NULL;
  text = g_string_new (NULL);
  for (guint row = 0; row < MIN (pgm_result_get_rows (result), NAMED); row++)
    g_string_append_printf (
        text, "%spid %s (%s, %s, %s s): %s", row > 0 ? "; " : "",
        pgm_result_get_or (result, row, 0, "-"), pgm_result_get_or (result, row, 1, "?"),
        pgm_result_get_or (result, row, 2, ""), pgm_result_get_or (result, row, 3, "0"),
        pgm_result_get_or (result, row, 4, ""));
  if (pgm_result_get_rows (result) > NAMED)
    g_string_append_printf (text, "; and %u more", pgm_result_get_rows (result) - NAMED);
  return g_string_free (text, FALSE);
}

char *
pgm_table_lock_list_writers (PgmTableLock *self, GCancellable *cancellable)
{
  if (self->n_tables == 0)
    return NULL;
  return list_holders (self,
                       "'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareRowExclusiveLock',"
                       " 'ExclusiveLock', 'AccessExclusiveLock'",
                       cancellable);
}

static gboolean
rollback (PgmTableLock *self, GCancellable *cancellable, GError **error)
{
  return pgm_connection_exec (self->connection, "ROLLBACK", cancellable, error);
}

static void
refuse_prepare (PgmTableLock *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *holders = list_holders (self,
                                           "'ShareUpdateExclusiveLock', 'ShareRowExclusiveLock',"
                                           " 'ExclusiveLock', 'AccessExclusiveLock'",
                                           cancellable);

  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL, holders,
      "Wait for it to end, or end it: vacuums, index builds and DDL can't run during a cutover.",
      "%s: tables are being vacuumed or changed", pgm_connection_get_label (self->connection));
}

/* All at once, in a transaction that stays open. @taken as in pgm_table_lock_try(). */
static gboolean
keep_vacuums_away (PgmTableLock *self,
                   gint64 idle_limit,
                   gboolean *taken,
                   GCancellable *cancellable,
                   GError **error)
{
  gint64 limit = (gint64) ((double) self->deadlock_timeout * SHARE_OF_DEADLOCK_TIMEOUT);
  g_autoptr (GError) local = NULL;

  *taken = pgm_connection_execf (
      self->connection, cancellable, &local,
      "BEGIN; SET LOCAL idle_in_transaction_session_timeout = %" G_GINT64_FORMAT
      "; SET LOCAL lock_timeout = %" G_GINT64_FORMAT
      "; LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE; SAVEPOINT pgm_lock",
      idle_limit, limit, self->names->str);
  if (*taken)
    return TRUE;
  if (pgm_error_is_cancelled (local) || !is_timeout (local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return rollback (self, cancellable, error);
}

gboolean
pgm_table_lock_prepare (PgmTableLock *self,
                        gint64 idle_limit,
                        GCancellable *cancellable,
                        GError **error)
{
  gboolean taken = FALSE;

  if (self->n_tables == 0)
    return TRUE;
  if (!read_deadlock_timeout (self, cancellable, error))
    return FALSE;
  for (guint attempt = 0; attempt < PREPARE_ATTEMPTS && !taken; attempt++)
    if (!drive_vacuums_away (self, cancellable, error) ||
        !keep_vacuums_away (self, idle_limit, &taken, cancellable, error))
      return FALSE;
  if (!taken)
    refuse_prepare (self, cancellable, error);
  return taken;
}

/* lock_timeout counts for each table, statement_timeout for all of them. */
gboolean
pgm_table_lock_try (PgmTableLock *self,
                    gint64 wait_ms,
                    gboolean *taken,
                    GCancellable *cancellable,
                    GError **error)
{
  gint64 most = (gint64) ((double) self->deadlock_timeout * SHARE_OF_DEADLOCK_TIMEOUT);
  gint64 limit = CLAMP (wait_ms, 1, MAX (most, 1));
  g_autoptr (GError) local = NULL;

  *taken = TRUE;
  if (self->n_tables == 0)
    return TRUE;
  if (pgm_connection_execf (self->connection, cancellable, &local,
                            "SET LOCAL lock_timeout = %" G_GINT64_FORMAT
                            "; SET LOCAL statement_timeout = %" G_GINT64_FORMAT
                            "; LOCK TABLE %s IN SHARE MODE; SET LOCAL statement_timeout = 0",
                            limit, limit, self->names->str))
    return TRUE;
  *taken = FALSE;
  if (pgm_error_is_cancelled (local) || !is_timeout (local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return pgm_connection_exec (self->connection, "ROLLBACK TO SAVEPOINT pgm_lock", cancellable,
                              error);
}

gboolean
pgm_table_lock_is_held (PgmTableLock *self,
                        PgmConnection *other,
                        gboolean *held,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autofree char *pid = g_strdup_printf ("%d", pgm_connection_get_backend_pid (self->connection));
  const char *params[] = { pid };
  g_autofree char *n = NULL;

  *held = TRUE;
  if (self->n_tables == 0)
    return TRUE;
  n = pgm_connection_query_value (other,
                                  "SELECT count(*) FROM pg_catalog.pg_locks WHERE pid = $1"
                                  " AND locktype = 'relation' AND mode = 'ShareLock' AND granted",
                                  1, params, cancellable, error);
  if (n == NULL)
    return FALSE;
  *held = g_ascii_strtoull (n, NULL, 10) >= self->n_tables;
  return TRUE;
}

gboolean
pgm_table_lock_release (PgmTableLock *self, GCancellable *cancellable, GError **error)
{
  return self->n_tables == 0 || rollback (self, cancellable, error);
}
