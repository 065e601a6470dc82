#include "config.h"

#include "migration/preflight-private.h"
#include "postgres/quote.h"
#include "postgres/tools.h"

gboolean
pgm_preflight_check_source_version (PgmPreflight *self, const char *name, GError **error)
{
  const PgmServerInfo *source = self->source_info;

  if (source->major < PGM_SERVER_OLDEST_MAJOR)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, NULL,
                       "The source is PostgreSQL %s; sources are supported from %d on.",
                       source->version_text, PGM_SERVER_OLDEST_MAJOR);
  else if (source->major > PGM_SERVER_NEWEST_MAJOR)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                       "The source is PostgreSQL %s, newer than %d, the newest one known here.",
                       source->version_text, PGM_SERVER_NEWEST_MAJOR);
  else
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "The source is PostgreSQL %s.",
                       source->version_text);
  return TRUE;
}

/* F5 and the like: what an older server has no form for. */
static const char *
downgrade_note (int from, int to)
{
  if (from >= 17 && to < 17)
    return " What only the newer one knows is refused when it comes up, infinite intervals"
           " and infinite numerics (before 14) among it.";
  return " What only the newer one knows is refused when it comes up.";
}

gboolean
pgm_preflight_check_destination_version (PgmPreflight *self, const char *name, GError **error)
{
  const PgmServerInfo *destination = self->destination_info;
  int from = self->source_info->major;

  if (destination->major < PGM_SERVER_OLDEST_DESTINATION_MAJOR)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, NULL,
                       "The destination is PostgreSQL %s; destinations are supported from %d on.",
                       destination->version_text, PGM_SERVER_OLDEST_DESTINATION_MAJOR);
  else if (destination->major > PGM_SERVER_NEWEST_MAJOR)
    pgm_preflight_add (
        self, name, PGM_CHECK_WARNING, NULL,
        "The destination is PostgreSQL %s, newer than %d, the newest one known here.",
        destination->version_text, PGM_SERVER_NEWEST_MAJOR);
  else if (destination->major < from)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                       "The destination is PostgreSQL %s, older than the source, %s.%s",
                       destination->version_text, self->source_info->version_text,
                       downgrade_note (from, destination->major));
  else
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "The destination is PostgreSQL %s.",
                       destination->version_text);
  return TRUE;
}

static PgmTool *
look_for_tool (PgmPreflight *self,
               const char *check,
               const char *tool,
               int min_major,
               int exact_major,
               GError **error)
{
  g_autoptr (GError) local_error = NULL;
  PgmTool *found = pgm_tool_find (tool, self->options->bindir, min_major, exact_major,
                                  self->cancellable, &local_error);

  if (found != NULL)
    {
      pgm_preflight_add (self, check, PGM_CHECK_OK, NULL, "%s is %s, %s.", tool,
                         found->version_text, found->path);
      return found;
    }
  if (g_error_matches (local_error, PGM_ERROR, PGM_ERROR_NOT_FOUND))
    {
      const char *hint = pgm_error_get_hint (local_error);

      pgm_preflight_add (self, check, PGM_CHECK_BLOCKER, NULL, "There is no fitting %s: %s.%s%s",
                         tool, local_error->message, hint != NULL ? " " : "",
                         hint != NULL ? hint : "");
      return NULL;
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

gboolean
pgm_preflight_check_pg_dump (PgmPreflight *self, const char *name, GError **error)
{
  int source = self->source_info->major;
  int destination = self->destination_info->major;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (PgmTool) pg_dump = NULL;
  g_autoptr (PgmTool) pg_restore = NULL;

  if (!pgm_preflight_wants_schema (self))
    return TRUE;
  /* The same choice as the clone makes: a newer pg_dump writes what a newer
   * server wants to read, and pg_restore must not be older than the archive. */
  pg_dump = look_for_tool (self, name, "pg_dump", source, MAX (source, destination), &local_error);
  if (local_error == NULL)
    {
      int written = pg_dump != NULL ? pg_dump->major : source;

      pg_restore = look_for_tool (self, "pg-restore", "pg_restore", written,
                                  MAX (written, destination), &local_error);
    }
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* The system identifier alone proves little: a standby and a restored copy share
 * it. The instant at which the postmaster started tells servers apart. */
gboolean
pgm_preflight_check_same_database (PgmPreflight *self, const char *name, GError **error)
{
  static const char sql[] = "SELECT pg_postmaster_start_time()::text, current_setting('port')";
  const PgmServerInfo *source = self->source_info;
  const PgmServerInfo *destination = self->destination_info;
  guint64 a = source->identity.system_identifier;
  guint64 b = destination->identity.system_identifier;
  g_autoptr (PgmResult) ours = pgm_preflight_ask (self, self->source, sql, error);
  g_autoptr (PgmResult) theirs = NULL;
  gboolean same_server;
  gboolean same_cluster;

  if (ours == NULL)
    return FALSE;
  theirs = pgm_preflight_ask (self, self->destination, sql, error);
  if (theirs == NULL)
    return FALSE;
  same_server = (a == b || a == 0 || b == 0) &&
                g_strcmp0 (pgm_result_get (ours, 0, 0), pgm_result_get (theirs, 0, 0)) == 0 &&
                g_strcmp0 (pgm_result_get (ours, 0, 1), pgm_result_get (theirs, 0, 1)) == 0;
  same_cluster =
      same_server || (a != 0 && a == b && (source->in_recovery || destination->in_recovery));
  if (same_cluster && g_str_equal (source->database, destination->database))
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, NULL,
                       "Source and destination are the same database, %s%s.", source->database,
                       same_server ? "" : ", one of them its standby");
  else if (same_cluster)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Source and destination are two databases of one cluster; both share its"
                       " roles, disks and limits.");
  else
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Source and destination are different clusters.");
  return TRUE;
}

gboolean
pgm_preflight_check_destination_writable (PgmPreflight *self, const char *name, GError **error)
{
  const PgmServerInfo *destination = self->destination_info;

  if (destination->in_recovery)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, NULL,
                       "The destination is a standby and takes no writes; connect to its primary,"
                       " or promote it with SELECT pg_promote().");
  else if (destination->read_only)
    {
      g_autofree char *role = pgm_quote_identifier (destination->user);
      g_autofree char *database = pgm_quote_identifier (destination->database);
      g_autofree char *fix = g_strdup_printf (
          "ALTER ROLE %s IN DATABASE %s SET default_transaction_read_only = off;", role, database);

      pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, fix,
                         "The destination is read-only: default_transaction_read_only is on for"
                         " role %s in database %s.",
                         destination->user, destination->database);
    }
  else
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL, "The destination takes writes.");
  return TRUE;
}

/* A standby cancels queries that stand in the way of replay. */
gboolean
pgm_preflight_check_standby (PgmPreflight *self, const char *name, GError **error)
{
  static const char sql[] = "SELECT current_setting('hot_standby_feedback')::bool,"
                            " current_setting('max_standby_streaming_delay')";
  g_autoptr (PgmResult) result = NULL;
  const char *delay;

  if (!self->source_info->in_recovery)
    return TRUE;
  result = pgm_preflight_ask (self, self->source, sql, error);
  if (result == NULL)
    return FALSE;
  delay = pgm_result_get_or (result, 0, 1, "");
  if (pgm_result_get_bool (result, 0, 0) || g_str_equal (delay, "-1"))
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "The source is a standby, and lets long queries finish.");
  else
    pgm_preflight_add (self, name, PGM_CHECK_WARNING,
                       "ALTER SYSTEM SET hot_standby_feedback = on; SELECT pg_reload_conf();",
                       "The source is a standby that may cancel the copy after %s of conflict with"
                       " replay (max_standby_streaming_delay), since hot_standby_feedback is off.",
                       delay);
  return TRUE;
}
