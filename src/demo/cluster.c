#include "demo/cluster.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "core/child.h"

gboolean
pgm_demo_user_find (PgmDemoUser *user, GError **error)
{
  const char *const names[] = { "postgres", "nobody" };

  user->uid = -1;
  user->gid = -1;
  if (geteuid () != 0)
    return TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      struct passwd entry, *found = NULL;
      char buffer[4096];

      if (getpwnam_r (names[i], &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
        {
          user->uid = found->pw_uid;
          user->gid = found->pw_gid;
          return TRUE;
        }
    }
  pgm_error_set_full (error, PGM_ERROR_NOT_FOUND, NULL, "PostgreSQL servers refuse to run as root.",
                      "Run this as an ordinary user, or create a user named postgres.",
                      "there is no ordinary user to run the servers as");
  return FALSE;
}

char *
pgm_demo_directory_make (const PgmDemoUser *user, GError **error)
{
  /* $TMPDIR may be long or private to root; /tmp is neither. */
  char *directory = g_strdup ("/tmp/pgmanager-demo-XXXXXX");

  if (g_mkdtemp_full (directory, 0700) == NULL ||
      (user->uid >= 0 && chown (directory, (uid_t) user->uid, (gid_t) user->gid) != 0))
    {
      pgm_error_set (error, PGM_ERROR_FAILED, "cannot make a directory in /tmp: %s",
                     g_strerror (errno));
      g_free (directory);
      return NULL;
    }
  return directory;
}

/* Runs one of the server's programs; its messages become the error's detail. */
static gboolean
run_tool (const char *const *argv,
          const PgmDemoUser *user,
          const char *directory,
          GCancellable *cancellable,
          GError **error)
{
  /* The environment of whoever called must not reach these servers. */
  const char *const environment[] = { "PGDATA",     "PGHOST",    "PGPORT",         "PGUSER",
                                      "PGDATABASE", "PGOPTIONS", "LC_ALL=C.UTF-8", NULL };
  g_autoptr (PgmChildResult) result = NULL;
  g_autofree char *name = g_path_get_basename (argv[0]);

  result = pgm_child_run (argv, environment, directory, user->uid, user->gid, PGM_CHILD_KEEP_OUTPUT,
                          cancellable, error);
  if (result == NULL)
    return FALSE;
  if (result->status != 0)
    {
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, result->errors, NULL,
                          "%s failed with status %d", name, result->status);
      return FALSE;
    }
  return TRUE;
}

static gboolean
write_configuration (const char *data, const char *socket_directory, GError **error)
{
  g_autofree char *path = g_build_filename (data, "postgresql.auto.conf", NULL);
  g_autofree char *text = g_strdup_printf ("listen_addresses = ''\n"
                                           "unix_socket_directories = '%s'\n"
                                           "unix_socket_permissions = 0700\n"
                                           "port = 5432\n"
                                           "wal_level = logical\n"
                                           "max_replication_slots = 10\n"
                                           "max_wal_senders = 10\n"
                                           "max_connections = 60\n"
                                           "shared_buffers = 128MB\n"
                                           "max_wal_size = 2GB\n"
                                           "fsync = off\n"
                                           "logging_collector = off\n",
                                           socket_directory);

  return g_file_set_contents (path, text, -1, error);
}

gboolean
pgm_demo_cluster_start (const char *bindir,
                        const PgmDemoUser *user,
                        const char *directory,
                        const char *name,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autofree char *data = g_build_filename (directory, name, NULL);
  g_autofree char *log = g_strdup_printf ("%s/%s.log", directory, name);
  g_autofree char *initdb = g_build_filename (bindir, "initdb", NULL);
  g_autofree char *pg_ctl = g_build_filename (bindir, "pg_ctl", NULL);
  const char *const make[] = { initdb,      "-D",    data, "-U",   "postgres",
                               "-A",        "trust", "-E", "UTF8", "--locale=C.UTF-8",
                               "--no-sync", NULL };
  const char *const start[] = { pg_ctl, "-D", data, "-l", log, "-w", "-t", "60", "start", NULL };

  return run_tool (make, user, directory, cancellable, error) &&
         write_configuration (data, data, error) &&
         run_tool (start, user, directory, cancellable, error);
}

gboolean
pgm_demo_cluster_stop (const char *bindir,
                       const PgmDemoUser *user,
                       const char *directory,
                       const char *name,
                       GError **error)
{
  g_autofree char *data = g_build_filename (directory, name, NULL);
  g_autofree char *pid = g_build_filename (data, "postmaster.pid", NULL);
  g_autofree char *pg_ctl = g_build_filename (bindir, "pg_ctl", NULL);
  const char *const stop[] = {
    pg_ctl, "-D", data, "-m", "immediate", "-w", "-t", "60", "stop", NULL
  };

  if (!g_file_test (pid, G_FILE_TEST_EXISTS))
    return TRUE;
  return run_tool (stop, user, directory, NULL, error);
}

static gboolean
remove_tree (const char *path, GError **error)
{
  g_autoptr (GDir) entries = NULL;
  const char *entry;

  if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    {
      entries = g_dir_open (path, 0, error);
      if (entries == NULL)
        return FALSE;
      while ((entry = g_dir_read_name (entries)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, entry, NULL);

          if (!remove_tree (child, error))
            return FALSE;
        }
    }
  if (g_remove (path) != 0 && errno != ENOENT)
    {
      pgm_error_set (error, PGM_ERROR_FAILED, "cannot remove %s: %s", path, g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

gboolean
pgm_demo_directory_remove (const char *directory, GError **error)
{
  return remove_tree (directory, error);
}
