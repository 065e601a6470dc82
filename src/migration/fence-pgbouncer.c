#include "migration/fence-private.h"

#include <string.h>

#include "postgres/quote.h"

/* The administrative console speaks a handful of commands by the simple protocol
 * (pgbouncer's manual, "Admin console"). PAUSE stops handing out server connections
 * at once and answers when all of them have come back. It outlives the session that
 * asked for it. */

static PgmConnection *
open_console (const PgmFenceRecord *self, GCancellable *cancellable, GError **error)
{
  PgmSessionOptions options = { .label = "pgbouncer", .console = TRUE };
  g_autoptr (PgmConninfo) info = pgm_conninfo_new (self->pgbouncer_uri, error);

  if (info == NULL)
    return NULL;
  if (self->pgbouncer_password != NULL)
    {
      g_autoptr (PgmConninfo) with = pgm_conninfo_with_password (info, self->pgbouncer_password);

      return pgm_connection_open (with, &options, cancellable, error);
    }
  return pgm_connection_open (info, &options, cancellable, error);
}

static gboolean
find_column (PgmResult *result, const char *name, guint *column)
{
  for (guint i = 0; i < pgm_result_get_columns (result); i++)
    if (g_strcmp0 (pgm_result_get_name (result, i), name) == 0)
      {
        *column = i;
        return TRUE;
      }
  return FALSE;
}

static char *
dup_port (PgmConninfo *server)
{
  const char *port = pgm_conninfo_get (server, "port");

  return g_strdup (port != NULL ? port : "5432");
}

/* Pools whose database is ours. The host goes by many names, therefore only the port
 * is compared. */
static gboolean
choose_pools (PgmFenceRecord *self, PgmResult *databases, GError **error)
{
  g_autoptr (GStrvBuilder) pools = g_strv_builder_new ();
  guint name, database, port, paused;
  guint n = 0;

  if (!find_column (databases, "name", &name) || !find_column (databases, "database", &database) ||
      !find_column (databases, "port", &port) || !find_column (databases, "paused", &paused))
    {
      pgm_error_set (error, PGM_ERROR_PROTOCOL,
                     "pgbouncer: the answer to SHOW DATABASES lacks a column");
      return FALSE;
    }
  for (guint row = 0; row < pgm_result_get_rows (databases); row++)
    {
      if (g_strcmp0 (pgm_result_get (databases, row, database), self->database) != 0 ||
          g_strcmp0 (pgm_result_get (databases, row, port), self->port) != 0)
        continue;
      if (g_strcmp0 (pgm_result_get (databases, row, paused), "0") != 0)
        {
          pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                              "RESUME it first, or find out who has paused it.",
                              "pgbouncer: %s is paused already",
                              pgm_result_get (databases, row, name));
          return FALSE;
        }
      g_strv_builder_add (pools, pgm_result_get (databases, row, name));
      n++;
    }
  self->pools = g_strv_builder_end (pools);
  if (n > 0)
    return TRUE;
  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL,
      "SHOW DATABASES lists those that have an entry in [databases] or clients.",
      "Name the pgbouncer that the application uses, with its database \"pgbouncer\".",
      "pgbouncer: no pool leads to database %s", self->database);
  return FALSE;
}

gboolean
pgm_fence_pgbouncer_plan (PgmFenceRecord *self,
                          PgmEnds *ends,
                          const PgmSwitchoverOptions *options,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (PgmConninfo) info = NULL;
  g_autoptr (PgmConnection) console = NULL;
  g_autoptr (PgmResult) databases = NULL;

  if (options->pgbouncer_uri == NULL)
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          "Write pgbouncer:postgresql://user@host:6432/pgbouncer.",
                          "the fence \"pgbouncer\" needs the address of its console");
      return FALSE;
    }
  info = pgm_conninfo_new (options->pgbouncer_uri, error);
  if (info == NULL)
    return FALSE;
  self->pgbouncer_uri = pgm_conninfo_to_uri (info);
  self->pgbouncer_password = pgm_secret_ref (pgm_conninfo_get_password (info));
  console = open_console (self, cancellable, error);
  if (console == NULL)
    return FALSE;
  self->port = dup_port (self->end == PGM_END_SOURCE ? ends->source_info : ends->destination_info);
  databases = pgm_connection_query (console, "SHOW DATABASES", 0, NULL, cancellable, error);
  return databases != NULL && choose_pools (self, databases, error);
}

static gboolean
run_command (const PgmFenceRecord *self,
             PgmConnection *console,
             guint i,
             const char *command,
             GCancellable *cancellable,
             GError **error)
{
  g_autofree char *pool = pgm_quote_identifier (self->pools[i]);

  return pgm_connection_execf (console, cancellable, error, "%s %s", command, pool);
}

/* On a cancellation the console's session is simply left: PAUSE stays, and is undone
 * by RESUME from another one. */
gboolean
pgm_fence_pgbouncer_raise (const PgmFenceRecord *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) console = open_console (self, cancellable, error);

  if (console == NULL)
    return FALSE;
  for (guint i = 0; self->pools != NULL && self->pools[i] != NULL; i++)
    if (!run_command (self, console, i, "PAUSE", cancellable, error))
      return FALSE;
  return TRUE;
}

/* Whoever has pointed it to another server since then let it go as well; if it is
 * paused again, that is another cutover's doing, which nobody may undo but that one. */
static gboolean
leads_elsewhere (const PgmFenceRecord *self, const char *pool, PgmResult *databases)
{
  guint name, port;

  if (self->port == NULL || !find_column (databases, "name", &name) ||
      !find_column (databases, "port", &port))
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (databases); row++)
    if (g_strcmp0 (pgm_result_get (databases, row, name), pool) == 0)
      return g_strcmp0 (pgm_result_get (databases, row, port), self->port) != 0;
  return FALSE;
}

/* A pool that isn't paused answers with an error, which is what we want to hear. */
gboolean
pgm_fence_pgbouncer_lower (const PgmFenceRecord *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) console = open_console (self, cancellable, error);
  g_autoptr (PgmResult) databases =
      console != NULL
          ? pgm_connection_query (console, "SHOW DATABASES", 0, NULL, cancellable, error)
          : NULL;

  if (databases == NULL)
    return FALSE;
  for (guint i = 0; self->pools != NULL && self->pools[i] != NULL; i++)
    {
      g_autoptr (GError) local = NULL;

      if (!leads_elsewhere (self, self->pools[i], databases) &&
          !run_command (self, console, i, "RESUME", cancellable, &local) &&
          strstr (local->message, "not paused") == NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  return TRUE;
}
