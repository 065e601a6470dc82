#include "config.h"

#include "postgres/replication-private.h"

#include <poll.h>

#define FIRST_PAUSE_MS 5
#define LAST_PAUSE_MS  200

gboolean
pgm_replication_is (const GError *error, const char *sqlstate)
{
  return g_strcmp0 (pgm_error_get_sqlstate (error), sqlstate) == 0;
}

void
pgm_replication_recode (GError *error,
                        const char *const *sqlstates,
                        PgmErrorCode code,
                        const char *hint)
{
  for (guint i = 0; sqlstates[i] != NULL; i++)
    {
      if (!pgm_replication_is (error, sqlstates[i]))
        continue;
      error->code = (int) code;
      if (hint != NULL && pgm_error_get_hint (error) == NULL)
        pgm_error_set_hint (error, hint);
      return;
    }
}

int
pgm_replication_last_number (const char *text)
{
  const char *found = NULL;

  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_isdigit (*p) && (p == text || !g_ascii_isdigit (p[-1])))
      found = p;
  return found != NULL ? (int) g_ascii_strtoull (found, NULL, 10) : 0;
}

gboolean
pgm_replication_terminate (PgmConnection *connection,
                           int pid,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autofree char *sql = g_strdup_printf ("SELECT pg_catalog.pg_terminate_backend(%d)", pid);

  return pgm_connection_exec (connection, sql, cancellable, error);
}

gboolean
pgm_replication_pause (guint round, GCancellable *cancellable, GError **error)
{
  gint timeout = MIN (FIRST_PAUSE_MS << MIN (round, 10), LAST_PAUSE_MS);
  GPollFD fd;

  if (cancellable != NULL && g_cancellable_make_pollfd (cancellable, &fd))
    {
      (void) g_poll (&fd, 1, timeout);
      g_cancellable_release_fd (cancellable);
    }
  else
    g_usleep ((gulong) timeout * 1000);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}
