#include "main/host.h"

#include <libintl.h>
#include <locale.h>
#include <sys/resource.h>

#include "client/remote-engine.h"
#include "config.h"
#include "core/secret-file.h"
#include "engine/local-engine.h"
#include "postgres/connection.h"
#include "server/server.h"
#include "store/paths.h"
#include "store/store.h"

/* Passwords in use stand in memory, libpq's too: a crash must not leave them on a disk. */
static void
keep_out_of_core (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_CORE, &limit) != 0)
    return;
  limit.rlim_cur = 0;
  (void) setrlimit (RLIMIT_CORE, &limit);
}

void
pgm_host_init (const char *program)
{
  setlocale (LC_ALL, "");
  bindtextdomain (PGM_GETTEXT_DOMAIN, PGM_LOCALE_DIR);
  bind_textdomain_codeset (PGM_GETTEXT_DOMAIN, "UTF-8");
  textdomain (PGM_GETTEXT_DOMAIN);
  g_set_prgname (program);
  keep_out_of_core ();
  /* It would turn HTTP/2 on; here nothing else runs yet. */
  g_unsetenv ("SOUP_SERVER_HTTP2");
}

PgmEngine *
pgm_host_make_engine (GError **error)
{
  PgmConfig *config = pgm_config_load (error);
  g_autoptr (PgmStore) store = NULL;
  g_autofree char *warning = NULL;

  if (config == NULL)
    return NULL;
  store = pgm_store_new (config, &warning);
  pgm_record_unref (config);
  if (warning != NULL)
    g_printerr ("pgmanager: %s\n", warning);
  return pgm_local_engine_new (store);
}

gpointer
pgm_host_serve (PgmEngine *engine, const char *job_id, GError **error)
{
  g_autofree char *directory = pgm_paths_runtime_directory ();
  const PgmServerOptions options = { .directory = directory, .job_id = job_id };

  if (!pgm_paths_make_private (directory, error))
    return NULL;
  return pgm_server_new (engine, &options, error);
}

void
pgm_host_unserve (gpointer server)
{
  pgm_server_free (server);
}

GPtrArray *
pgm_host_find_engines (void)
{
  g_autofree char *directory = pgm_paths_runtime_directory ();

  return pgm_remote_engine_find (directory);
}

/* Without a file that was named, the daemon's own, should it be on this machine. */
static gboolean
load_token (const PgmCliTarget *target, PgmSecret **token, GError **error)
{
  g_autofree char *usual = NULL;
  PgmConfig *config;

  if (target->token_file != NULL)
    return (*token = pgm_secret_file_load (target->token_file, error)) != NULL;
  config = pgm_config_load (error);
  if (config == NULL)
    return FALSE;
  usual = pgm_config_get_token_file (config);
  pgm_record_unref (config);
  if (!pgm_remote_engine_is_loopback (target->url) || !g_file_test (usual, G_FILE_TEST_EXISTS))
    return TRUE;
  return (*token = pgm_secret_file_load (usual, error)) != NULL;
}

PgmEngine *
pgm_host_connect_engine (const PgmCliTarget *target, GError **error)
{
  g_autoptr (PgmSecret) token = NULL;
  PgmRemoteTarget remote = { target->url, NULL, target->ca, target->fingerprint };

  if (!load_token (target, &token, error))
    return NULL;
  remote.token = token;
  return pgm_remote_engine_new_for_url (&remote, error);
}

char *
pgm_host_describe_libraries (void)
{
  g_autofree char *libpq = pgm_connection_get_library_version ();

  return g_strdup_printf ("libpq %s, GLib %u.%u.%u, SQLite %s", libpq, glib_major_version,
                          glib_minor_version, glib_micro_version, pgm_store_get_library_version ());
}
