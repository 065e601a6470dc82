/* Runs one COPY pump between two servers and says what it moved: what the
 * budgets of budget.py are measured around. As a worker of a clone does, it holds
 * a cancellable and prepares the reading session first.
 *
 *   pump-driver SOURCE-URI DESTINATION-URI COPY-TO COPY-FROM
 */
#include "config.h"

#include "postgres/copy.h"

static PgmConnection *
open_end (const char *uri, const char *label, GCancellable *cancellable, GError **error)
{
  PgmSessionOptions options = { .label = label };
  g_autoptr (PgmConninfo) conninfo = pgm_conninfo_new (uri, error);

  return conninfo != NULL ? pgm_connection_open (conninfo, &options, cancellable, error) : NULL;
}

static gboolean
run (char **arguments, GError **error)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  PgmCopyCounters counters = { 0, 0 };
  guint64 rows = 0;

  g_autoptr (PgmConnection) source = open_end (arguments[1], "source", cancellable, error);
  if (source == NULL)
    return FALSE;
  g_autoptr (PgmConnection) destination =
      open_end (arguments[2], "destination", cancellable, error);
  if (destination == NULL)
    return FALSE;
  if (!pgm_copy_prepare_session (source, cancellable, error))
    return FALSE;

  gint64 began = g_get_monotonic_time ();
  if (!pgm_copy_pump (source, arguments[3], destination, arguments[4], &counters, &rows,
                      cancellable, error))
    return FALSE;
  gint64 took = g_get_monotonic_time () - began;
  g_print ("rows %" G_GUINT64_FORMAT " bytes %" G_GUINT64_FORMAT " microseconds %" G_GINT64_FORMAT
           "\n",
           rows, counters.bytes, took);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc != 5)
    {
      g_printerr ("usage: %s SOURCE-URI DESTINATION-URI COPY-TO COPY-FROM\n", argv[0]);
      return 2;
    }
  if (run (argv, &error))
    return 0;
  g_printerr ("%s\n", error->message);
  return 1;
}
