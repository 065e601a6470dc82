#include "migration/keeper.h"

#include "postgres/quote.h"
#include "postgres/snapshot.h"

#define ATTEMPTS_MAX     5u
#define TABLES_PER_LOCK  200u
#define SQLSTATE_TIMEOUT "55P03" /* lock_not_available */

struct _PgmKeeper
{
  PgmConnection *session;
  PgmConnection *watch;
  PgmProgress *progress;
  PgmCatalog *catalog;
  char *snapshot;
  PgmLsn lsn;
  PgmKeeperExport exporter; /* NULL: the session's own snapshots */
  gpointer user_data;
  char *oids;         /* "{1,2,3}": the tables that are locked */
  GHashTable *shapes; /* OID as text -> what the snapshot says of the table */
};

/* What must not change between snapshot and lock. Run in both sessions. */
static const char shapes_sql[] =
    "SELECT c.oid::text, concat_ws('|', c.relfilenode, n.nspname, c.relname, c.relkind, c.relpersistence,"
    "  (SELECT md5(string_agg(concat_ws(',', a.attnum, a.attname, a.atttypid, a.atttypmod), ';'"
    "      ORDER BY a.attnum))"
    "     FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))"
    "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.oid = ANY ($1::oid[])";

static gboolean
is_locked_kind (const PgmTable *table)
{
  return (table->kind == 'r' || table->kind == 'p') && table->persistence != 't';
}

static char *
list_oids (PgmCatalog *catalog)
{
  g_autoptr (GString) list = g_string_new ("{");

  for (guint i = 0; i < catalog->tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (catalog->tables, i);

      if (is_locked_kind (table))
        g_string_append_printf (list, "%s%u", list->len > 1 ? "," : "", table->oid);
    }
  g_string_append_c (list, '}');
  return g_string_free (g_steal_pointer (&list), FALSE);
}

static GHashTable *
read_shapes (PgmConnection *connection, const char *oids, GCancellable *cancellable, GError **error)
{
  const char *params[] = { oids };
  g_autoptr (PgmResult) rows =
      pgm_connection_query (connection, shapes_sql, 1, params, cancellable, error);
  GHashTable *shapes = NULL;

  if (rows == NULL)
    return NULL;
  shapes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_hash_table_insert (shapes, g_strdup (pgm_result_get (rows, row, 0)),
                         g_strdup (pgm_result_get_or (rows, row, 1, "")));
  return shapes;
}

/* The OID (as text) of a table that isn't what it was, or NULL. */
static const char *
find_changed (GHashTable *before, GHashTable *now)
{
  GHashTableIter iter;
  gpointer oid = NULL;
  gpointer shape = NULL;

  g_hash_table_iter_init (&iter, before);
  while (g_hash_table_iter_next (&iter, &oid, &shape))
    {
      const char *other = g_hash_table_lookup (now, oid);

      if (other == NULL || !g_str_equal (shape, other))
        return oid;
    }
  return NULL;
}

/* Who has, or waits for, a lock that ours on one of @oids has to wait for. */
static char *
describe_blockers (PgmKeeper *self, const char *oids, GCancellable *cancellable)
{
  const char *params[] = { oids };
  g_autoptr (PgmResult) rows = pgm_connection_query (
      self->watch,
      "SELECT DISTINCT format('process %s (user %s, %s) %s ACCESS EXCLUSIVE on %s.%s: %s', l.pid,"
      "   coalesce(a.usename, '?'), coalesce(nullif(a.application_name, ''), 'no application name'),"
      "   CASE WHEN l.granted THEN 'holds' ELSE 'waits for' END, n.nspname, c.relname,"
      "   coalesce(left(a.query, 80), '?'))"
      "  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace"
      "  LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
      " WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'"
      "   AND ($1::oid[] IS NULL AND left(n.nspname, 3) <> 'pg_' OR l.relation = ANY ($1::oid[]))"
      "   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
      " LIMIT 3",
      1, params, cancellable, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    g_string_append_printf (text, "%s%s", row > 0 ? "; " : "",
                            pgm_result_get_or (rows, row, 0, "?"));
  if (text->len == 0)
    return NULL;
  g_string_append_c (text, '.');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
pgm_keeper_describe_blockers (PgmKeeper *self, GCancellable *cancellable)
{
  return describe_blockers (self, NULL, cancellable);
}

static gboolean
lock_tables (PgmKeeper *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GString) sql = g_string_new (NULL);
  guint n = 0;

  for (guint i = 0; i < self->catalog->tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (self->catalog->tables, i);

      if (!is_locked_kind (table))
        continue;
      if (n % TABLES_PER_LOCK == 0)
        g_string_append_printf (sql, "%sLOCK TABLE ", n > 0 ? " IN ACCESS SHARE MODE; " : "");
      else
        g_string_append (sql, ", ");
      g_string_append (sql, "ONLY ");
      pgm_quote_append_qualified (sql, table->schema, table->name);
      n++;
    }
  g_string_append_printf (sql, "%sSET LOCAL lock_timeout = 0",
                          n > 0 ? " IN ACCESS SHARE MODE; " : "");
  return pgm_connection_exec (self->session, sql->str, cancellable, error);
}

static void
forget_attempt (PgmKeeper *self)
{
  g_clear_pointer (&self->catalog, pgm_catalog_free);
  g_clear_pointer (&self->snapshot, g_free);
  g_clear_pointer (&self->oids, g_free);
  g_clear_pointer (&self->shapes, g_hash_table_unref);
}

/* Dropped or renamed since the snapshot, or two who wait for each other: worth
 * another snapshot. A lock that isn't to be had is told as it is. */
static gboolean
judge_lock_failure (PgmKeeper *self,
                    GError *failure,
                    gboolean *again,
                    GCancellable *cancellable,
                    GError **error)
{
  const char *state = pgm_error_get_sqlstate (failure);
  g_autofree char *detail = NULL;

  *again = g_strcmp0 (state, "42P01") == 0 || g_strcmp0 (state, "3F000") == 0 ||
           g_strcmp0 (state, "42809") == 0 || g_strcmp0 (state, "40P01") == 0;
  if (*again)
    {
      g_error_free (failure);
      return TRUE;
    }
  if (g_strcmp0 (state, SQLSTATE_TIMEOUT) != 0)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  detail = describe_blockers (self, self->oids, cancellable);
  pgm_error_set_full (error, PGM_ERROR_FAILED, SQLSTATE_TIMEOUT, detail,
                      "Let that transaction end, or end it, and start again.",
                      "the source's tables can't be locked for reading");
  g_error_free (failure);
  return FALSE;
}

/* One that was exported elsewhere is taken over and exported again: from then on
 * it lives as long as this session, whatever becomes of the other. */
static gboolean
take_snapshot (PgmKeeper *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *theirs = NULL;

  if (self->exporter == NULL)
    {
      self->snapshot = pgm_snapshot_export (self->session, &self->lsn, cancellable, error);
      return self->snapshot != NULL;
    }
  if (!self->exporter (self->user_data, &theirs, &self->lsn, cancellable, error) ||
      !pgm_snapshot_import (self->session, theirs, cancellable, error))
    return FALSE;
  self->snapshot = pgm_connection_query_value (self->session, "SELECT pg_export_snapshot()", 0,
                                               NULL, cancellable, error);
  return self->snapshot != NULL;
}

/* One snapshot with all its locks. @again: it was overtaken by a change. */
static gboolean
attempt (PgmKeeper *self,
         PgmFilter *filter,
         guint lock_seconds,
         gboolean *again,
         GCancellable *cancellable,
         GError **error)
{
  g_autoptr (GHashTable) now = NULL;
  g_autoptr (GError) failure = NULL;
  const char *changed = NULL;

  *again = FALSE;
  if (!take_snapshot (self, cancellable, error))
    return FALSE;
  /* From here on, since even the size of a table waits for its lock. */
  if (!pgm_connection_execf (self->session, cancellable, error, "SET LOCAL lock_timeout = '%us'",
                             lock_seconds))
    return FALSE;
  self->catalog = pgm_catalog_read_structure (self->session, cancellable, &failure);
  if (self->catalog == NULL)
    return judge_lock_failure (self, g_steal_pointer (&failure), again, cancellable, error);
  pgm_filter_apply (filter, self->catalog);
  self->oids = list_oids (self->catalog);
  if (!lock_tables (self, cancellable, &failure))
    return judge_lock_failure (self, g_steal_pointer (&failure), again, cancellable, error);
  self->shapes = read_shapes (self->session, self->oids, cancellable, error);
  if (self->shapes == NULL)
    return FALSE;
  now = read_shapes (self->watch, self->oids, cancellable, error);
  if (now == NULL)
    return FALSE;
  changed = find_changed (self->shapes, now);
  *again = changed != NULL;
  return TRUE;
}

PgmKeeper *
pgm_keeper_new (PgmEnds *ends,
                PgmFilter *filter,
                PgmProgress *progress,
                guint lock_seconds,
                PgmKeeperExport exporter,
                gpointer user_data,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (PgmKeeper) self = g_new0 (PgmKeeper, 1);

  self->exporter = exporter;
  self->user_data = user_data;
  self->progress = pgm_progress_ref (progress);
  self->session = pgm_ends_connect (ends, PGM_END_SOURCE, "keeper", cancellable, error);
  if (self->session == NULL)
    return NULL;
  self->watch = pgm_ends_connect (ends, PGM_END_SOURCE, "watch", cancellable, error);
  if (self->watch == NULL)
    return NULL;
  for (guint i = 0; i < ATTEMPTS_MAX; i++)
    {
      gboolean again = FALSE;

      if (!attempt (self, filter, lock_seconds, &again, cancellable, error))
        return NULL;
      if (!again)
        return g_steal_pointer (&self);
      pgm_progress_event (progress, "snapshot",
                          "a table changed while the snapshot was taken; taking another");
      forget_attempt (self);
      if (!pgm_connection_exec (self->session, "ROLLBACK", cancellable, error))
        return NULL;
    }
  pgm_error_set_full (
      error, PGM_ERROR_FAILED, NULL,
      "Each time a table was rewritten, truncated, altered or dropped before it could be locked.",
      "Start again when the source is quiet in that respect, or leave such tables out with --exclude.",
      "no snapshot of the source could be taken in %u attempts", ATTEMPTS_MAX);
  return NULL;
}

void
pgm_keeper_free (PgmKeeper *self)
{
  if (self == NULL)
    return;
  forget_attempt (self);
  g_clear_pointer (&self->session, pgm_connection_free);
  g_clear_pointer (&self->watch, pgm_connection_free);
  g_clear_pointer (&self->progress, pgm_progress_unref);
  g_free (self);
}

const char *
pgm_keeper_get_snapshot (PgmKeeper *self)
{
  return self->snapshot;
}

PgmLsn
pgm_keeper_get_lsn (PgmKeeper *self)
{
  return self->lsn;
}

PgmCatalog *
pgm_keeper_steal_catalog (PgmKeeper *self)
{
  return g_steal_pointer (&self->catalog);
}

PgmConnection *
pgm_keeper_get_session (PgmKeeper *self)
{
  return self->session;
}

PgmConnection *
pgm_keeper_get_watch (PgmKeeper *self)
{
  return self->watch;
}

static gboolean
explain_loss (GError *cause, GError **error)
{
  if (pgm_error_is_cancelled (cause))
    {
      g_propagate_error (error, cause);
      return FALSE;
    }
  pgm_error_set_full (error, PGM_ERROR_LOST, pgm_error_get_sqlstate (cause), cause->message,
                      "Run the same command again with --resume.",
                      "the session that held the source's snapshot and locks is gone");
  g_error_free (cause);
  return FALSE;
}

gboolean
pgm_keeper_ping (PgmKeeper *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (pgm_connection_exec (self->session, "SELECT 1", cancellable, &cause))
    return TRUE;
  return explain_loss (g_steal_pointer (&cause), error);
}

gboolean
pgm_keeper_verify (PgmKeeper *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GHashTable) now = NULL;
  const char *oid = NULL;

  now = read_shapes (self->watch, self->oids, cancellable, error);
  if (now == NULL)
    return FALSE;
  oid = find_changed (self->shapes, now);
  if (oid != NULL)
    {
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, g_hash_table_lookup (self->shapes, oid),
                          "Run the same command again with --resume.",
                          "a table of the source was changed or rewritten while it was copied");
      return FALSE;
    }
  /* Asked last: if the locks are there now, they were all along. */
  return pgm_keeper_ping (self, cancellable, error);
}

gboolean
pgm_keeper_unlock (PgmKeeper *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *snapshot = NULL;

  if (!pgm_snapshot_import (self->watch, self->snapshot, cancellable, error))
    return FALSE;
  snapshot = pgm_connection_query_value (self->watch, "SELECT pg_export_snapshot()", 0, NULL,
                                         cancellable, error);
  if (snapshot == NULL || !pgm_connection_exec (self->session, "COMMIT", cancellable, error))
    return FALSE;
  g_free (self->snapshot);
  self->snapshot = g_steal_pointer (&snapshot);
  return TRUE;
}

gboolean
pgm_keeper_try_lock (PgmConnection *source,
                     GPtrArray *tables,
                     gboolean *locked,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (GString) sql = g_string_new ("SAVEPOINT locks; LOCK TABLE ");
  g_autoptr (GError) failure = NULL;

  for (guint i = 0; i < tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (tables, i);

      g_string_append (sql, i > 0 ? ", ONLY " : "ONLY ");
      pgm_quote_append_qualified (sql, table->schema, table->name);
    }
  g_string_append (sql, " IN ACCESS SHARE MODE NOWAIT; RELEASE SAVEPOINT locks");
  *locked = pgm_connection_exec (source, sql->str, cancellable, &failure);
  if (*locked)
    return TRUE;
  if (g_strcmp0 (pgm_error_get_sqlstate (failure), SQLSTATE_TIMEOUT) == 0)
    return pgm_connection_exec (source, "ROLLBACK TO SAVEPOINT locks; RELEASE SAVEPOINT locks",
                                cancellable, error);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}
