#include "migration/context.h"

void
pgm_clone_context_count (PgmCloneContext *self, guint64 *counter, guint64 n)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->report_lock);

  *counter += n;
}

void
pgm_clone_context_problem (PgmCloneContext *self,
                           const char *object,
                           const char *sql,
                           const GError *error)
{
  g_autofree char *reason = pgm_error_to_text (error);

  {
    g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->report_lock);

    pgm_report_add_problem (self->report, object, sql, reason);
  }
  pgm_progress_event (self->progress, "problem", "%s: %s", object, error->message);
}

gboolean
pgm_clone_error_is_fatal (const GError *error)
{
  const char *sqlstate = pgm_error_get_sqlstate (error);

  if (!g_error_matches (error, PGM_ERROR, PGM_ERROR_SQL) || sqlstate == NULL)
    return TRUE;
  return g_str_equal (sqlstate, "53100") ||    /* disk full */
         g_str_has_prefix (sqlstate, "57P") || /* the session or the server is ended */
         g_str_has_prefix (sqlstate, "58");    /* the system below the server fails */
}
