/* Finding and running the real pg_dump and pg_restore. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../fixture/cluster.h"
#include "postgres/snapshot.h"
#include "postgres/tools.h"

/* One cluster for all tests of the program. */
typedef struct
{
  PgmTestCluster *cluster; /* with passwords */
} Shared;

typedef struct
{
  PgmTestCluster *cluster;
  char *directory;
  PgmTool *pg_dump;
  PgmTool *pg_restore;
  PgmConninfo *conninfo;
} Fixture;

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  self->cluster = ((const Shared *) data)->cluster;
  const char *bindir = pgm_test_cluster_get_bindir (self->cluster);
  self->directory = g_dir_make_tmp ("pgm-tools-XXXXXX", &error);
  g_assert_no_error (error);
  self->pg_dump = pgm_tool_find ("pg_dump", bindir, 10, 0, NULL, &error);
  g_assert_no_error (error);
  self->pg_restore = pgm_tool_find ("pg_restore", bindir, 10, 0, NULL, &error);
  g_assert_no_error (error);
  self->conninfo = pgm_conninfo_new (pgm_test_cluster_get_uri (self->cluster, NULL), &error);
  g_assert_no_error (error);
}

/* Fails when anything, a passfile above all, was left in the directory. */
static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->directory);
  pgm_tool_free (self->pg_dump);
  pgm_tool_free (self->pg_restore);
  pgm_conninfo_unref (self->conninfo);
}

static void
test_dump_under_snapshot (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmSessionOptions options = { .label = "source" };
  g_autoptr (PgmConnection) keeper = pgm_connection_open (self->conninfo, &options, NULL, &error);
  g_assert_no_error (error);

  pgm_test_cluster_execute (self->cluster, NULL,
                            "CREATE TABLE before (id int PRIMARY KEY, v text DEFAULT 'it''s')");
  g_autofree char *snapshot = pgm_snapshot_export (keeper, NULL, NULL, &error);
  g_assert_no_error (error);
  pgm_test_cluster_execute (self->cluster, NULL, "CREATE TABLE later (id int)");

  g_autofree char *path = g_build_filename (self->directory, "schema.dump", NULL);
  gboolean ok = pgm_tool_dump_schema (self->pg_dump, self->conninfo, snapshot, path,
                                      self->directory, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ok);

  g_autofree char *list = pgm_tool_restore_list (self->pg_restore, path, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (list, "TABLE public before "));
  g_assert_null (strstr (list, "TABLE public later "));

  /* As it stands the script runs through an ordinary session. */
  const char *arguments[] = { "--section=pre-data", NULL };
  int major = pgm_test_cluster_get_major (self->cluster);
  g_autofree char *script =
      pgm_tool_restore_script (self->pg_restore, path, major, arguments, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (strstr (script, "restrict "));
  g_assert_null (strstr (script, "before_pkey"));
  pgm_test_cluster_create_database (self->cluster, "copy", NULL);
  g_autoptr (PgmConninfo) other = pgm_conninfo_with (self->conninfo, "dbname", "copy");
  g_autoptr (PgmConnection) destination = pgm_connection_open (other, &options, NULL, &error);
  g_assert_true (pgm_connection_exec (destination, script, NULL, &error));
  g_assert_no_error (error);
  g_autofree char *found = pgm_test_cluster_query (
      self->cluster, "copy",
      "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'before'::regclass");
  g_assert_cmpstr (found, ==, "'it''s'::text");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
test_dump_fails (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (self->directory, "schema.dump", NULL);

  g_assert_false (pgm_tool_dump_schema (self->pg_dump, self->conninfo, "00-nonsense", path,
                                        self->directory, NULL, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
  g_assert_nonnull (strstr (pgm_error_get_detail (error), "invalid snapshot identifier"));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_clear_error (&error);

  g_autoptr (PgmSecret) wrong = pgm_secret_new ("wrong-secret");
  g_autoptr (PgmConninfo) other = pgm_conninfo_with_password (self->conninfo, wrong);
  g_assert_false (
      pgm_tool_dump_schema (self->pg_dump, other, NULL, path, self->directory, NULL, NULL, &error));
  g_autofree char *text = pgm_error_to_text (error);
  g_assert_nonnull (strstr (text, "password authentication failed"));
  g_assert_null (strstr (text, "wrong-secret"));
}

static void
test_cancelled (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *path = g_build_filename (self->directory, "schema.dump", NULL);

  g_cancellable_cancel (cancellable);
  g_assert_false (pgm_tool_dump_schema (self->pg_dump, self->conninfo, NULL, path, self->directory,
                                        NULL, cancellable, &error));
  g_assert_true (pgm_error_is_cancelled (error));
}

static void
test_bad_archive (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (
      pgm_tool_restore_script (self->pg_restore, "/nonexistent/archive", 15, NULL, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
  g_assert_nonnull (strstr (pgm_error_get_detail (error), "/nonexistent/archive"));
}

static char *
make_fake (const char *root, const char *name, const char *program, const char *output)
{
  g_autoptr (GError) error = NULL;
  char *directory = g_build_filename (root, name, NULL);
  g_autofree char *path = g_build_filename (directory, program, NULL);
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\necho '%s'\n", output);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, &error));
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  return directory;
}

static void
remove_fake (char *directory, const char *program)
{
  g_autofree char *path = g_build_filename (directory, program, NULL);
  g_unlink (path);
  g_rmdir (directory);
  g_free (directory);
}

static void
assert_found (const char *list, int min, int exact, const char *version)
{
  g_autoptr (GError) error = NULL;
  g_setenv ("PGMANAGER_PG_BINDIR", list, TRUE);
  g_autoptr (PgmTool) tool = pgm_tool_find ("pg_faketool", NULL, min, exact, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (tool->version_text, ==, version);
}

/* Which one of several versions: only the versions are invented here. */
static void
test_choice (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char *a = make_fake (self->directory, "a", "pg_faketool",
                       "pg_faketool (PostgreSQL) 13.16 (Debian 13.16-0)");
  char *b = make_fake (self->directory, "b", "pg_faketool", "pg_faketool (PostgreSQL) 18beta1");
  char *c = make_fake (self->directory, "c", "pg_faketool", "pg_faketool (PostgreSQL) 15.20");
  char *d = make_fake (self->directory, "d", "pg_faketool", "something else 99");
  char *e = make_fake (self->directory, "e", "pg_wrapper", "pg_faketool (PostgreSQL) 14.1");
  g_autofree char *target = g_build_filename (e, "pg_wrapper", NULL);
  g_autofree char *wrapped = g_build_filename (e, "pg_faketool", NULL);
  g_autofree char *list = g_strjoin (":", a, b, c, d, e, NULL);
  g_assert_cmpint (symlink (target, wrapped), ==, 0);

  assert_found (list, 13, 0, "13.16");
  assert_found (list, 14, 0, "15.20");
  assert_found (list, 13, 18, "18beta1");
  assert_found (list, 14, 13, "15.20");
  assert_found (list, 16, 17, "18beta1");
  g_assert_null (pgm_tool_find ("pg_faketool", NULL, 19, 0, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (pgm_error_get_detail (error), "pg_faketool 13.16: "));
  g_assert_nonnull (strstr (pgm_error_get_hint (error), "postgresql-client-19"));
  g_clear_error (&error);
  g_assert_null (pgm_tool_find ("pg_faketool", a, 14, 0, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  g_unsetenv ("PGMANAGER_PG_BINDIR");

  g_unlink (wrapped);
  remove_fake (a, "pg_faketool");
  remove_fake (b, "pg_faketool");
  remove_fake (c, "pg_faketool");
  remove_fake (d, "pg_faketool");
  remove_fake (e, "pg_wrapper");
}

static void
test_find_server (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int major = 0;

  g_setenv ("PGMANAGER_PG_BINDIR", pgm_test_cluster_get_bindir (self->cluster), TRUE);
  g_autofree char *found =
      pgm_tool_find_server (pgm_test_cluster_get_major (self->cluster), &major, &error);
  g_assert_no_error (error);
  g_assert_cmpint (major, ==, pgm_test_cluster_get_major (self->cluster));
  g_autofree char *initdb = g_build_filename (found, "initdb", NULL);
  g_assert_true (g_file_test (initdb, G_FILE_TEST_IS_EXECUTABLE));
  g_unsetenv ("PGMANAGER_PG_BINDIR");

  g_assert_null (pgm_tool_find_server (999, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
}

typedef void (*TestFunc) (Fixture *self, gconstpointer data);

static void
add (const char *path, TestFunc function, const Shared *shared)
{
  g_test_add (path, Fixture, shared, fixture_set_up, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  g_autoptr (PgmTestCluster) cluster =
      pgm_test_cluster_new_full (0, NULL, NULL, PGM_TEST_CLUSTER_SCRAM, &error);
  g_assert_no_error (error);
  const Shared shared = { cluster };
  add ("/tools/dump-under-snapshot", test_dump_under_snapshot, &shared);
  add ("/tools/dump-fails", test_dump_fails, &shared);
  add ("/tools/cancelled", test_cancelled, &shared);
  add ("/tools/bad-archive", test_bad_archive, &shared);
  add ("/tools/choice", test_choice, &shared);
  add ("/tools/find-server", test_find_server, &shared);
  return g_test_run ();
}
