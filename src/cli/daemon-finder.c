#include "cli/daemon-finder.h"

#include "cli/job-finder.h"

/* NULL for a process that only runs a job of its own. */
static PgmDaemonInfo *
ask_daemon (PgmEngine *engine, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  pgm_engine_ask_async (engine, PGM_ASK_READ_DAEMON, NULL, NULL, NULL, pgm_wait_callback, &result);
  return pgm_engine_ask_finish (engine, pgm_wait_for (&result), error);
}

PgmFoundDaemon *
pgm_daemon_find (PgmCli *cli)
{
  g_autoptr (GPtrArray) engines = cli->host->find_engines ();

  for (guint i = 0; i < engines->len; i++)
    {
      PgmEngine *engine = g_ptr_array_index (engines, i);
      PgmDaemonInfo *info = ask_daemon (engine, NULL);
      PgmFoundDaemon *found;

      if (info == NULL)
        continue;
      found = g_new0 (PgmFoundDaemon, 1);
      found->engine = g_object_ref (engine);
      found->info = info;
      return found;
    }
  return NULL;
}

gboolean
pgm_daemon_choose (PgmCli *cli,
                   const PgmServerChoice *server,
                   PgmFoundDaemon **daemon,
                   GError **error)
{
  g_autoptr (PgmEngine) engine = NULL;
  PgmDaemonInfo *info;

  *daemon = NULL;
  if (!pgm_server_choice_is_given (server))
    {
      *daemon = pgm_daemon_find (cli);
      return TRUE;
    }
  engine = pgm_server_choice_connect (server, cli, error);
  if (engine == NULL || (info = ask_daemon (engine, error)) == NULL)
    return FALSE;
  *daemon = g_new0 (PgmFoundDaemon, 1);
  (*daemon)->engine = g_steal_pointer (&engine);
  (*daemon)->info = info;
  return TRUE;
}

void
pgm_found_daemon_free (PgmFoundDaemon *self)
{
  g_object_unref (self->engine);
  pgm_record_unref (self->info);
  g_free (self);
}
