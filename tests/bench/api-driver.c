/* The server in front of an engine that is played: what the speed of the API is measured
 * around. Shows a new picture every half second until its standard input ends.
 *
 *   api-driver TABLES DIRECTORY     serves on 127.0.0.1, prints the URL; the token is in
 *                                   DIRECTORY/token
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "core/units.h"
#include "fixture/engine.h"
#include "server/server.h"

#define SHOW_MS 500

typedef struct
{
  PgmTestEngine *engine;
  guint64 rows;
} Show;

static gboolean
on_show (gpointer user_data)
{
  Show *self = user_data;

  pgm_test_engine_show (self->engine, "clone-1", ++self->rows);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_end (GIOChannel *channel, GIOCondition condition, gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

int
main (int argc, char **argv)
{
  const char *const listen[] = { "127.0.0.1:0", NULL };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (PgmTestEngine) engine = pgm_test_engine_new ();
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (STDIN_FILENO);
  g_autoptr (GError) error = NULL;
  g_autofree char *token_file = NULL;
  PgmServerOptions options = { .listen = listen };
  Show show = { engine, 0 };
  PgmServer *server;
  gint64 tables;

  if (argc != 3 || !pgm_parse_int (argv[1], "tables", 0, 1000000, &tables, NULL))
    {
      fprintf (stderr, "usage: api-driver TABLES DIRECTORY\n");
      return 2;
    }
  token_file = g_build_filename (argv[2], "token", NULL);
  options.token_file = token_file;
  pgm_test_engine_add_job (engine, "clone-1", (guint) tables);
  server = pgm_server_new (PGM_ENGINE (engine), &options, &error);
  if (server == NULL)
    {
      fprintf (stderr, "api-driver: %s\n", error->message);
      return 1;
    }
  printf ("%s\n", pgm_server_get_urls (server)[0]);
  fflush (stdout);
  g_timeout_add (SHOW_MS, on_show, &show);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_end, loop);
  g_main_loop_run (loop);
  pgm_server_free (server);
  return 0;
}
