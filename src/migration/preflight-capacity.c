#include "config.h"

#include "migration/preflight-private.h"
#include "core/units.h"
#include "postgres/quote.h"

#include <string.h>

/* Sessions beside the workers: control and keeper, and pg_dump on the source. */
#define SOURCE_EXTRA_SESSIONS      3
#define DESTINATION_EXTRA_SESSIONS 2

/* What a session of someone else may hold meanwhile. */
#define LOCKS_FOR_OTHERS 500

static gint64
lock_capacity (const PgmServerInfo *server)
{
  return server->max_locks_per_transaction *
         (server->max_connections + server->max_prepared_transactions);
}

/* The lock table is shared by all sessions: max_locks_per_transaction is only a
 * factor of its size. It has some slack, but others use it too. */
static void
judge_locks (PgmPreflight *self,
             const char *name,
             const PgmServerInfo *server,
             gint64 needed,
             const char *side,
             const char *why)
{
  gint64 capacity = lock_capacity (server);
  gint64 wanted = (needed + LOCKS_FOR_OTHERS) /
                      MAX (1, server->max_connections + server->max_prepared_transactions) +
                  1;
  g_autofree char *fix = NULL;

  if (needed + LOCKS_FOR_OTHERS <= capacity)
    {
      pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                         "%s needs about %" G_GINT64_FORMAT
                         " locks on the %s, which has room for %" G_GINT64_FORMAT ".",
                         why, needed, side, capacity);
      return;
    }
  /* Rounded up to a multiple of 64, the default. */
  wanted = MAX ((wanted + 63) / 64 * 64, server->max_locks_per_transaction + 64);
  fix = g_strdup_printf ("ALTER SYSTEM SET max_locks_per_transaction = %" G_GINT64_FORMAT ";",
                         wanted);
  pgm_preflight_add (self, name, needed > capacity ? PGM_CHECK_BLOCKER : PGM_CHECK_WARNING, fix,
                     "%s needs about %" G_GINT64_FORMAT
                     " locks on the %s, which has room for only %" G_GINT64_FORMAT
                     " in all sessions (max_locks_per_transaction is %" G_GINT64_FORMAT
                     "); a new value needs a restart of that server.",
                     why, needed, side, capacity, server->max_locks_per_transaction);
}

static gint64
count_tables (PgmPreflight *self, const char *kinds)
{
  gint64 count = 0;

  for (guint i = 0; i < self->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (self->catalog->tables, i);

      if (strchr (kinds, table->kind) != NULL &&
          pgm_preflight_takes (self, table->schema, table->name))
        count++;
    }
  return count;
}

gboolean
pgm_preflight_check_source_locks (PgmPreflight *self, const char *name, GError **error)
{
  judge_locks (self, name, self->source_info, count_tables (self, "rp"), "source",
               "Holding every table under one snapshot");
  return TRUE;
}

/* The whole schema is made in one transaction: each table comes with its TOAST
 * table and that one's index, and each sequence counts. */
gboolean
pgm_preflight_check_destination_locks (PgmPreflight *self, const char *name, GError **error)
{
  gint64 needed = 3 * count_tables (self, "rm") + count_tables (self, "pf") +
                  (gint64) self->catalog->sequences->len;

  if (!pgm_preflight_wants_schema (self))
    return TRUE;
  judge_locks (self, name, self->destination_info, needed, "destination",
               "Making all tables in one transaction");
  return TRUE;
}

static gint64
workers_or_default (gint64 workers)
{
  return workers > 0 ? workers : (gint64) MIN (4, 2 * g_get_num_processors ());
}

/* pg_stat_activity hides too much from ordinary roles; the counters and who the
 * sessions belong to are there for everybody. */
static const char connections_sql[] =
    "SELECT current_setting('max_connections')::int8"
    "   - CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int8"
    "     + coalesce(current_setting('reserved_connections', true), '0')::int8 END"
    "   - (SELECT sum(numbackends) FROM pg_stat_database) + 1,"
    " CASE WHEN r.rolconnlimit < 0 OR r.rolsuper THEN -1 ELSE r.rolconnlimit + 1"
    "   - (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid) END,"
    " CASE WHEN d.datconnlimit < 0 OR r.rolsuper THEN -1 ELSE d.datconnlimit + 1"
    "   - (SELECT numbackends FROM pg_stat_database s WHERE s.datid = d.oid) END"
    " FROM pg_roles r, pg_database d"
    " WHERE r.rolname = current_user AND d.datname = current_database()";

/* -1 means no limit; less than 0 by other ways is full. */
static gboolean
limit_reached (PgmResult *result, guint column, gint64 needed)
{
  return !g_str_equal (pgm_result_get_or (result, 0, column, "-1"), "-1") &&
         pgm_result_get_int64 (result, 0, column) < needed;
}

static gboolean
check_connections (PgmPreflight *self,
                   const char *name,
                   PgmConnection *connection,
                   const PgmServerInfo *server,
                   gint64 needed,
                   GError **error)
{
  g_autoptr (PgmResult) result = pgm_preflight_ask (self, connection, connections_sql, error);
  g_autofree char *fix = NULL;
  const char *side = pgm_connection_get_label (connection);

  if (result == NULL)
    return FALSE;
  if (limit_reached (result, 1, needed))
    {
      g_autofree char *role = pgm_quote_identifier (server->user);

      fix = g_strdup_printf ("ALTER ROLE %s CONNECTION LIMIT -1;", role);
      pgm_preflight_add (
          self, name, PGM_CHECK_BLOCKER, fix,
          "The connection limit of role %s on the %s leaves fewer than the %" G_GINT64_FORMAT
          " sessions that are needed.",
          server->user, side, needed);
    }
  else if (limit_reached (result, 2, needed))
    {
      g_autofree char *database = pgm_quote_identifier (server->database);

      fix = g_strdup_printf ("ALTER DATABASE %s CONNECTION LIMIT -1;", database);
      pgm_preflight_add (
          self, name, PGM_CHECK_BLOCKER, fix,
          "The connection limit of database %s on the %s leaves fewer than the %" G_GINT64_FORMAT
          " sessions that are needed.",
          server->database, side, needed);
    }
  else if (pgm_result_get_int64 (result, 0, 0) < needed)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, "ALTER SYSTEM SET max_connections = 200;",
                       "%" G_GINT64_FORMAT
                       " sessions are needed and the %s has only %" G_GINT64_FORMAT
                       " free; use fewer workers, end idle sessions, or raise max_connections"
                       " (needs a restart).",
                       needed, side, MAX (0, pgm_result_get_int64 (result, 0, 0)));
  else
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "The %s has room for the %" G_GINT64_FORMAT " sessions that are needed.",
                       side, needed);
  return TRUE;
}

gboolean
pgm_preflight_check_source_connections (PgmPreflight *self, const char *name, GError **error)
{
  return check_connections (
      self, name, self->source, self->source_info,
      workers_or_default (self->options->copy_workers) + SOURCE_EXTRA_SESSIONS, error);
}

gboolean
pgm_preflight_check_destination_connections (PgmPreflight *self, const char *name, GError **error)
{
  return check_connections (self, name, self->destination, self->destination_info,
                            workers_or_default (self->options->copy_workers) +
                                workers_or_default (self->options->index_workers) +
                                DESTINATION_EXTRA_SESSIONS,
                            error);
}

/* The whole database is measured exactly; of a part, the indexes are counted as
 * the catalogs have them. */
static guint64
bytes_needed (PgmPreflight *self)
{
  guint64 bytes = 0;

  if ((self->filter == NULL || !pgm_filter_is_active (self->filter)) &&
      self->source_info->database_size >= 0)
    return (guint64) self->source_info->database_size;
  for (guint i = 0; i < self->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (self->catalog->tables, i);

      if (pgm_preflight_takes (self, table->schema, table->name))
        bytes += (guint64) MAX (0, table->bytes);
    }
  for (guint i = 0; i < self->catalog->indexes->len; i++)
    {
      PgmIndex *index = g_ptr_array_index (self->catalog->indexes, i);

      if (pgm_preflight_takes_table_oid (self, index->table_oid))
        bytes += (guint64) MAX (0, index->bytes);
    }
  return bytes;
}

/* pg_control begins with the system identifier, in the machine's byte order: so
 * a directory of the same name on this machine is not taken for the server's. */
static gboolean
is_data_directory_of (const char *directory, guint64 system_identifier)
{
  g_autofree char *path = g_build_filename (directory, "global", "pg_control", NULL);
  g_autofree char *content = NULL;
  gsize size = 0;
  guint64 found = 0;

  if (system_identifier == 0 || !g_file_get_contents (path, &content, &size, NULL) ||
      size < sizeof found)
    return FALSE;
  memcpy (&found, content, sizeof found);
  return found == system_identifier;
}

/* FALSE when it can't be known, which is the usual case. */
static gboolean
read_free_space (PgmPreflight *self, guint64 *bytes)
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (GFileInfo) info = NULL;
  g_autofree char *directory = NULL;

  /* NULL where it may not be read, and an error is no news either. */
  directory = pgm_connection_query_value (
      self->destination,
      "SELECT setting FROM pg_settings WHERE name = 'data_directory' AND setting IS NOT NULL", 0,
      NULL, self->cancellable, NULL);
  if (directory == NULL ||
      !is_data_directory_of (directory, self->destination_info->identity.system_identifier))
    return FALSE;
  file = g_file_new_for_path (directory);
  info = g_file_query_filesystem_info (file, G_FILE_ATTRIBUTE_FILESYSTEM_FREE, self->cancellable,
                                       NULL);
  if (info == NULL || !g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE))
    return FALSE;
  *bytes = g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE);
  return TRUE;
}

gboolean
pgm_preflight_check_disk_space (PgmPreflight *self, const char *name, GError **error)
{
  guint64 needed = bytes_needed (self);
  guint64 available = 0;
  g_autofree char *needed_text = pgm_format_bytes (needed);
  g_autofree char *available_text = NULL;

  if (!pgm_preflight_wants_data (self))
    return TRUE;
  if (!read_free_space (self, &available))
    {
      pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                         "About %s are needed on the destination, as at the source; a server does"
                         " not tell how much room it has.",
                         needed_text);
      return TRUE;
    }
  available_text = pgm_format_bytes (available);
  if (available < needed)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                       "About %s are needed on the destination, and only %s are free in its data"
                       " directory; WAL comes on top.",
                       needed_text, available_text);
  else
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "About %s are needed on the destination, and %s are free in its data"
                       " directory.",
                       needed_text, available_text);
  return TRUE;
}
