#include "demo/sample.h"

#include <glib/gstdio.h>
#include <string.h>

#include "demo/cluster.h"
#include "demo/writers.h"
#include "postgres/connection.h"
#include "postgres/tools.h"

#define DEFAULT_ORDERS 60000
#define SOURCE         "source"
#define DESTINATION    "destination"
#define DATABASE       "shop"

typedef struct
{
  PgmDemoUser user;
  char *directory;
  char *source_bindir;
  char *destination_bindir;
  int source_major;
  int destination_major;
} SampleWork;

static void
sample_work_clear (SampleWork *self)
{
  g_free (self->directory);
  g_free (self->source_bindir);
  g_free (self->destination_bindir);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SampleWork, sample_work_clear)

static char *
make_uri (const char *directory, const char *cluster, const char *database)
{
  return g_strdup_printf ("postgresql:///%s?host=%s/%s&port=5432&user=postgres", database,
                          directory, cluster);
}

static PgmConnection *
connect_to (const char *directory,
            const char *cluster,
            const char *database,
            GCancellable *cancellable,
            GError **error)
{
  const PgmSessionOptions options = { .label = cluster, .application_name = "pgmanager demo" };
  g_autofree char *uri = make_uri (directory, cluster, database);
  g_autoptr (PgmConninfo) conninfo = pgm_conninfo_new (uri, error);

  return conninfo != NULL ? pgm_connection_open (conninfo, &options, cancellable, error) : NULL;
}

/* The database and what belongs to the whole cluster: the roles that own parts
 * of the shop. A clone never makes roles, it says which ones are missing. */
static char *
prepare_cluster (const char *directory,
                 const char *cluster,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (PgmConnection) connection =
      connect_to (directory, cluster, "postgres", cancellable, error);

  if (connection == NULL ||
      !pgm_connection_exec (connection, "CREATE ROLE shop_owner", cancellable, error) ||
      !pgm_connection_exec (connection, "CREATE ROLE shop_reader", cancellable, error) ||
      !pgm_connection_exec (connection, "CREATE ROLE " PGM_DEMO_APPLICATION_ROLE " LOGIN",
                            cancellable, error) ||
      !pgm_connection_exec (connection, "CREATE DATABASE " DATABASE, cancellable, error))
    return NULL;
  return pgm_connection_query_value (connection,
                                     "SELECT split_part(current_setting('server_version'), ' ', 1)",
                                     0, NULL, cancellable, error);
}

static gboolean
fill_source (const char *directory, gint64 orders, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) script =
      g_resources_lookup_data ("/io/github/pgmanager/demo/shop.sql", 0, error);
  g_autoptr (PgmConnection) connection = NULL;
  g_autofree char *sql = NULL;
  gsize size;
  const char *text;

  if (script == NULL)
    return FALSE;
  connection = connect_to (directory, SOURCE, DATABASE, cancellable, error);
  if (connection == NULL)
    return FALSE;
  text = g_bytes_get_data (script, &size);
  sql =
      g_strdup_printf ("SET shop.orders = '%" G_GINT64_FORMAT "';\n%.*s", orders, (int) size, text);
  return pgm_connection_exec (connection, sql, cancellable, error) &&
         pgm_connection_exec (connection, "ANALYZE", cancellable, error);
}

/* For --keep: how to get rid of it all without this program. */
static gboolean
write_remove_script (const SampleWork *work, GError **error)
{
  g_autofree char *path = g_build_filename (work->directory, "remove.sh", NULL);
  g_autofree char *text =
      g_strdup_printf ("#!/bin/sh\n"
                       "# Stops both throw-away clusters and removes this directory.\n"
                       "for name in " SOURCE " " DESTINATION "; do\n"
                       "  pid=$(head -n 1 '%s'/$name/postmaster.pid 2>/dev/null) || continue\n"
                       "  kill -QUIT \"$pid\" 2>/dev/null\n"
                       "  while kill -0 \"$pid\" 2>/dev/null; do sleep 0.1; done\n"
                       "done\n"
                       "rm -rf '%s'\n",
                       work->directory, work->directory);

  return g_file_set_contents (path, text, -1, error);
}

static gboolean
start_clusters (const PgmSampleSpec *spec,
                SampleWork *work,
                GCancellable *cancellable,
                GError **error)
{
  work->source_bindir = pgm_tool_find_server ((int) spec->source_major, &work->source_major, error);
  if (work->source_bindir == NULL)
    return FALSE;
  work->destination_bindir =
      pgm_tool_find_server ((int) spec->destination_major, &work->destination_major, error);
  if (work->destination_bindir == NULL)
    return FALSE;
  if (!pgm_demo_user_find (&work->user, error))
    return FALSE;
  work->directory = pgm_demo_directory_make (&work->user, error);
  return work->directory != NULL && write_remove_script (work, error) &&
         pgm_demo_cluster_start (work->source_bindir, &work->user, work->directory, SOURCE,
                                 cancellable, error) &&
         pgm_demo_cluster_start (work->destination_bindir, &work->user, work->directory,
                                 DESTINATION, cancellable, error);
}

/* Errors while removing are worth telling only when nothing else went wrong. */
static gboolean
remove_clusters (const SampleWork *work, GError **error)
{
  g_autoptr (GError) first = NULL;

  if (work->directory == NULL)
    return TRUE;
  if (!pgm_demo_cluster_stop (work->source_bindir, &work->user, work->directory, SOURCE, &first) ||
      !pgm_demo_cluster_stop (work->destination_bindir, &work->user, work->directory, DESTINATION,
                              &first) ||
      !pgm_demo_directory_remove (work->directory, &first))
    {
      g_propagate_error (error, g_steal_pointer (&first));
      return FALSE;
    }
  return TRUE;
}

PgmSample *
pgm_sample_start (const PgmSampleSpec *spec, GCancellable *cancellable, GError **error)
{
  g_auto (SampleWork) work = { .user = { -1, -1 } };
  g_autofree char *source_version = NULL;
  g_autofree char *destination_version = NULL;
  PgmSample *sample;

  if (!start_clusters (spec, &work, cancellable, error) ||
      (source_version = prepare_cluster (work.directory, SOURCE, cancellable, error)) == NULL ||
      (destination_version = prepare_cluster (work.directory, DESTINATION, cancellable, error)) ==
          NULL ||
      !fill_source (work.directory, spec->orders > 0 ? spec->orders : DEFAULT_ORDERS, cancellable,
                    error))
    {
      if (!remove_clusters (&work, NULL))
        g_prefix_error (error, "%s was left behind after: ", work.directory);
      return NULL;
    }

  sample = pgm_record_new (&pgm_sample_type);
  sample->id = g_path_get_basename (work.directory);
  sample->directory = g_strdup (work.directory);
  sample->source_uri = make_uri (work.directory, SOURCE, DATABASE);
  sample->destination_uri = make_uri (work.directory, DESTINATION, DATABASE);
  sample->source_version = g_steal_pointer (&source_version);
  sample->destination_version = g_steal_pointer (&destination_version);
  return sample;
}

gboolean
pgm_sample_stop (const PgmSample *sample, GCancellable *cancellable, GError **error)
{
  g_auto (SampleWork) work = { .user = { -1, -1 } };

  work.directory = g_strdup (sample->directory);
  if (!pgm_demo_user_find (&work.user, error))
    return FALSE;
  work.source_bindir =
      pgm_tool_find_server ((int) g_ascii_strtoll (sample->source_version, NULL, 10), NULL, error);
  if (work.source_bindir == NULL)
    return FALSE;
  work.destination_bindir = pgm_tool_find_server (
      (int) g_ascii_strtoll (sample->destination_version, NULL, 10), NULL, error);
  if (work.destination_bindir == NULL)
    return FALSE;
  return remove_clusters (&work, error);
}
