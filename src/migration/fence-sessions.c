#include "migration/fence-private.h"

#include "postgres/quote.h"

/* Rounds of ending sessions before those that are left are named. */
#define ROUNDS 400

/* Microseconds between two rounds: the first ones are what the application waits. */
#define FIRST_PAUSE 500
#define LAST_PAUSE  20000

#define NAMED 5

/* An application name is cut at 63 bytes; the job's id is unique long before that. */
#define ID_LENGTH 20

char *
pgm_fence_sessions_condition (PgmEnds *ends)
{
  g_autofree char *id = g_strndup (ends->job_id, ID_LENGTH);
  g_autofree char *quoted = pgm_quote_literal (id);

  /* What we may not see of others' sessions is NULL. */
  return g_strdup_printf (
      "a.datname = current_database() AND a.usesysid IS NOT NULL"
      " AND a.pid <> pg_catalog.pg_backend_pid()"
      " AND coalesce(a.backend_type, 'client backend') = 'client backend'"
      " AND NOT (a.usesysid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)"
      " AND a.application_name LIKE 'pgmanager %%'"
      " AND pg_catalog.strpos(a.application_name, %s) > 0)",
      quoted);
}

/* TRUE for a session that we may end: our own role's, that of a role we are a member
 * of, or anybody's but a superuser's with pg_signal_backend. */
static const char may_end[] =
    "(EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = current_user AND rolsuper)"
    " OR NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.oid = a.usesysid)"
    " AND (pg_catalog.pg_has_role(a.usesysid, 'USAGE')"
    " OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')))";

gboolean
pgm_fence_sessions_check (PgmEnds *ends,
                          const PgmFenceFacts *facts,
                          PgmConnection *connection,
                          GPtrArray *missing,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autofree char *condition = pgm_fence_sessions_condition (ends);
  g_autofree char *role = pgm_quote_identifier (facts->role);
  g_autofree char *fix = g_strdup_printf ("GRANT pg_signal_backend TO %s", role);
  /* Superusers' sessions can't be ended whatever is granted; they are named. */
  g_autofree char *sql = g_strdup_printf (
      "SELECT DISTINCT r.rolname FROM pg_catalog.pg_stat_activity a"
      " JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid WHERE %s AND NOT r.rolsuper AND NOT %s",
      condition, may_end);
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  if (pgm_result_get_rows (result) > 0)
    {
      g_autofree char *subject =
          g_strdup_printf ("end sessions of role %s", pgm_result_get (result, 0, 0));

      pgm_fence_miss (missing, subject, fix, NULL);
    }
  return TRUE;
}

/* Those that may not be ended, by name. */
static char *
describe_left (PgmResult *sessions)
{
  GString *text = g_string_new (NULL);
  guint n = 0;

  for (guint row = 0; row < pgm_result_get_rows (sessions); row++)
    {
      if (pgm_result_get_bool (sessions, row, 3))
        continue;
      if (++n <= NAMED)
        g_string_append_printf (
            text, "%spid %s (%s, %s)", n > 1 ? ", " : "", pgm_result_get (sessions, row, 0),
            pgm_result_get_or (sessions, row, 1, "?"), pgm_result_get_or (sessions, row, 2, ""));
    }
  if (n > NAMED)
    g_string_append_printf (text, " and %u more", n - NAMED);
  return g_string_free (text, n == 0);
}

static guint
count_ended (PgmResult *sessions)
{
  guint n = 0;

  for (guint row = 0; row < pgm_result_get_rows (sessions); row++)
    n += pgm_result_get_bool (sessions, row, 3);
  return n;
}

/* The statement ends every session that it lists; whoever is not listed any more is
 * gone for good. A session that is on its way in while CONNECT is taken away shows up
 * in a later round; one that began after the fence stood has met it, and whoever gets
 * past it would only come again. */
gboolean
pgm_fence_end_sessions (PgmEnds *ends,
                        PgmConnection *connection,
                        guint *ended,
                        char **left,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autofree char *condition = pgm_fence_sessions_condition (ends);
  g_autofree char *now = pgm_connection_query_value (
      connection, "SELECT pg_catalog.clock_timestamp()", 0, NULL, cancellable, error);
  g_autofree char *sql =
      g_strdup_printf ("SELECT a.pid, a.usename, a.application_name, a.may,"
                       " CASE WHEN a.may THEN pg_catalog.pg_terminate_backend(a.pid) END FROM ("
                       " SELECT a.pid, a.usename, a.application_name, %s AS may"
                       " FROM pg_catalog.pg_stat_activity a WHERE %s"
                       " AND coalesce(a.backend_start <= '%s', true) OFFSET 0) a",
                       may_end, condition, now != NULL ? now : "");
  gint64 pause = FIRST_PAUSE;
  guint most = 0;

  if (now == NULL)
    return FALSE;
  for (guint round = 0; round < ROUNDS; round++)
    {
      g_autoptr (PgmResult) sessions =
          pgm_connection_query (connection, sql, 0, NULL, cancellable, error);
      guint n;

      if (sessions == NULL)
        return FALSE;
      n = count_ended (sessions);
      most = MAX (most, n);
      if (n == 0)
        {
          if (left != NULL)
            *left = describe_left (sessions);
          if (ended != NULL)
            *ended = most;
          return TRUE;
        }
      g_usleep ((gulong) pause);
      pause = MIN (pause * 2, LAST_PAUSE);
    }
  pgm_error_set (error, PGM_ERROR_FAILED, "%s: sessions that were ended don't go away",
                 pgm_connection_get_label (connection));
  return FALSE;
}

/* Superusers who may log in, and others that CONNECT still lets in. */
gboolean
pgm_fence_list_passing (const PgmFenceRecord *self,
                        PgmConnection *connection,
                        char **passing,
                        GCancellable *cancellable,
                        GError **error)
{
  const char *params[] = { self->kind == PGM_FENCE_REVOKE ? "t" : "f" };
  g_autoptr (PgmResult) result = pgm_connection_query (
      connection,
      "SELECT r.rolname, r.rolsuper, r.rolname = current_user FROM pg_catalog.pg_roles r"
      " WHERE r.rolcanlogin AND (r.rolsuper OR ($1::pg_catalog.bool AND"
      " pg_catalog.has_database_privilege(r.oid, current_database(), 'CONNECT')))"
      " ORDER BY r.rolsuper, r.rolname COLLATE \"C\"",
      1, params, cancellable, error);
  g_autoptr (GString) text = g_string_new (NULL);
  guint superusers = 0, others = 0;

  *passing = NULL;
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      if (pgm_result_get_bool (result, row, 1))
        superusers++;
      else if (++others <= NAMED)
        g_string_append_printf (text, "%srole %s%s", text->len > 0 ? ", " : "",
                                pgm_result_get (result, row, 0),
                                pgm_result_get_bool (result, row, 2) ? " (ours)" : "");
    }
  if (others > NAMED)
    g_string_append_printf (text, " and %u more", others - NAMED);
  if (superusers > 0)
    g_string_append_printf (text, "%s%u superuser%s", text->len > 0 ? ", " : "", superusers,
                            superusers == 1 ? "" : "s");
  if (self->kind == PGM_FENCE_READONLY)
    g_string_append_printf (text, "%swhoever sets default_transaction_read_only = off",
                            text->len > 0 ? ", " : "");
  *passing = text->len > 0 ? g_strdup (text->str) : NULL;
  return TRUE;
}
