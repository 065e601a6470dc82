/* Fences on real servers: who gets in, who is ended, and that taking one down leaves
 * exactly what was there. */
#include "migration/fence.h"

#include <glib/gstdio.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "core/child.h"
#include "cutover.h"

static PgmTestCluster *
shared_cluster (void)
{
  static gsize once = 0;
  static PgmTestCluster *cluster;

  if (g_once_init_enter (&once))
    {
      g_autoptr (GError) error = NULL;
      const char *major = g_getenv ("PGM_TEST_MAJOR");

      cluster = pgm_test_cluster_new (major != NULL ? (int) g_ascii_strtoll (major, NULL, 10) : 0,
                                      NULL, &error);
      g_assert_no_error (error);
      pgm_test_cluster_execute (
          cluster, NULL,
          "CREATE ROLE app LOGIN; CREATE ROLE \"Other App\" LOGIN; CREATE ROLE boss LOGIN;"
          " CREATE ROLE mover LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE member LOGIN IN ROLE mover");
      g_once_init_leave (&once, 1);
    }
  return cluster;
}

typedef struct
{
  char *database;
  char *before; /* footprint */
  PgmEnds *ends;
  PgmConnection *connection;
  GPtrArray *missing;
  PgmFenceRecord *fence;
} Fixture;

/* @user: ours, NULL for the superuser; @sql: about the new database "%1$s". */
static void
set_up (Fixture *self, const char *name, const char *owner, const char *user, const char *sql)
{
  PgmTestCluster *cluster = shared_cluster ();
  g_autofree char *create = g_strdup_printf ("OWNER %s", owner);

  self->database = g_strdup (name);
  pgm_test_cluster_create_database (cluster, name, create);
  if (sql != NULL)
    pgm_test_cluster_execute (cluster, name, sql);
  self->before = pgm_cutover_footprint (cluster);
  self->ends = pgm_cutover_ends (cluster, name, user);
  self->connection = pgm_cutover_connect (self->ends, PGM_END_SOURCE, "fence");
  self->missing = g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_missing_privilege_free);
}

static void
tear_down (Fixture *self)
{
  g_clear_pointer (&self->fence, pgm_record_unref);
  g_clear_pointer (&self->connection, pgm_connection_free);
  g_clear_pointer (&self->ends, pgm_ends_free);
  g_clear_pointer (&self->missing, g_ptr_array_unref);
  g_clear_pointer (&self->before, g_free);
  g_clear_pointer (&self->database, g_free);
}

static void
plan (Fixture *self, PgmFence kind)
{
  g_autoptr (GError) error = NULL;
  PgmSwitchoverOptions *options = pgm_record_new (&pgm_switchover_options_type);

  options->fence = (int) kind;
  g_clear_pointer (&self->fence, pgm_record_unref);
  self->fence = pgm_fence_plan (self->ends, PGM_END_SOURCE, self->connection, options,
                                self->missing, NULL, &error);
  g_assert_no_error (error);
  pgm_record_unref (options);
}

static void
raise_fence (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (self->missing->len, ==, 0);
  if (!pgm_fence_raise (self->fence, self->connection, NULL, &error))
    g_assert_no_error (error);
}

/* As after a crash: by what was kept, from a new session. */
static void
lower_by_memo (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  PgmFenceMemo *empty = pgm_fence_memo_parse (NULL, &error);
  PgmFenceMemo *memo = pgm_fence_memo_with (empty, FALSE, PGM_END_SOURCE, self->fence);
  g_autofree char *json = pgm_record_to_json (memo, FALSE);
  PgmFenceMemo *kept = pgm_fence_memo_parse (json, &error);
  g_autoptr (PgmConnection) fresh = pgm_cutover_connect (self->ends, PGM_END_SOURCE, "again");

  g_assert_no_error (error);
  g_assert_true (pgm_fence_lower (pgm_fence_memo_find (kept, PGM_END_SOURCE), fresh, NULL, &error));
  g_assert_no_error (error);
  /* Twice is as good as once. */
  g_assert_true (pgm_fence_lower (pgm_fence_memo_find (kept, PGM_END_SOURCE), fresh, NULL, &error));
  g_assert_no_error (error);
  pgm_record_unref (empty);
  pgm_record_unref (memo);
  pgm_record_unref (kept);
}

static void
assert_as_before (Fixture *self)
{
  g_autofree char *after = pgm_cutover_footprint (shared_cluster ());

  g_assert_cmpstr (after, ==, self->before);
}

static char *
read_acl (const char *database)
{
  g_autofree char *sql =
      g_strdup_printf ("SELECT datacl IS NULL FROM pg_database WHERE datname = '%s'", database);

  return pgm_test_cluster_query (shared_cluster (), NULL, sql);
}

static void
test_revoke_superuser (void)
{
  g_autofree char *acl = NULL;
  PgmTestCluster *cluster = shared_cluster ();
  Fixture self = { 0 };

  set_up (&self, "revoke_super", "boss", NULL, NULL);
  plan (&self, PGM_FENCE_REVOKE);
  /* Nothing was done yet: the defaults are not written out. */
  lower_by_memo (&self);
  acl = read_acl ("revoke_super");
  g_assert_cmpstr (acl, ==, "t");

  g_assert_true (pgm_cutover_gets_in (cluster, "revoke_super", "app"));
  raise_fence (&self);
  g_assert_false (pgm_cutover_gets_in (cluster, "revoke_super", "app"));
  g_assert_false (pgm_cutover_gets_in (cluster, "revoke_super", "boss"));
  lower_by_memo (&self);
  g_assert_true (pgm_cutover_gets_in (cluster, "revoke_super", "app"));
  g_assert_true (pgm_cutover_gets_in (cluster, "revoke_super", "boss"));
  assert_as_before (&self);
  tear_down (&self);
}

/* Names that need quotes, a grant option, and what hangs on it. */
static void
test_revoke_exact (void)
{
  PgmTestCluster *cluster = shared_cluster ();
  Fixture self = { 0 };

  set_up (&self, "revoke exact", "boss", NULL,
          "REVOKE CONNECT, TEMPORARY ON DATABASE \"revoke exact\" FROM PUBLIC;"
          " GRANT CONNECT ON DATABASE \"revoke exact\" TO app WITH GRANT OPTION;"
          " GRANT TEMPORARY ON DATABASE \"revoke exact\" TO reader;"
          " SET ROLE app; GRANT CONNECT ON DATABASE \"revoke exact\" TO \"Other App\"");
  plan (&self, PGM_FENCE_REVOKE);
  raise_fence (&self);
  g_assert_false (pgm_cutover_gets_in (cluster, "revoke exact", "Other App"));
  g_assert_false (pgm_cutover_gets_in (cluster, "revoke exact", "app"));
  lower_by_memo (&self);
  g_assert_true (pgm_cutover_gets_in (cluster, "revoke exact", "Other App"));
  assert_as_before (&self);
  tear_down (&self);
}

/* The owner who is no superuser keeps his own way in, and no other. */
static void
test_revoke_owner (void)
{
  PgmTestCluster *cluster = shared_cluster ();
  g_autoptr (GError) error = NULL;
  g_autofree char *passing = NULL;
  Fixture self = { 0 };

  set_up (&self, "revoke_owner", "mover", "mover", NULL);
  plan (&self, PGM_FENCE_REVOKE);
  raise_fence (&self);
  g_assert_false (pgm_cutover_gets_in (cluster, "revoke_owner", "app"));
  g_assert_true (pgm_cutover_gets_in (cluster, "revoke_owner", "mover"));
  g_assert_true (pgm_fence_list_passing (self.fence, self.connection, &passing, NULL, &error));
  g_assert_no_error (error);
  g_assert_nonnull (strstr (passing, "role mover (ours)"));
  g_assert_nonnull (strstr (passing, "role member"));
  g_assert_nonnull (strstr (passing, "1 superuser"));
  lower_by_memo (&self);
  g_assert_true (pgm_cutover_gets_in (cluster, "revoke_owner", "app"));
  assert_as_before (&self);
  tear_down (&self);
}

/* Neither owner nor superuser: what is lacking is said, and with that it works. */
static void
test_revoke_granted (void)
{
  PgmTestCluster *cluster = shared_cluster ();
  g_autoptr (PgmConnection) app = NULL;
  Fixture self = { 0 };

  set_up (&self, "revoke_granted", "boss", "reader", NULL);
  app = pgm_cutover_application (cluster, "revoke_granted", "app");
  plan (&self, PGM_FENCE_REVOKE);
  g_assert_cmpuint (self.missing->len, ==, 2);
  for (guint i = 0; i < self.missing->len; i++)
    {
      const PgmMissingPrivilege *lacking = g_ptr_array_index (self.missing, i);

      g_assert_true (g_str_has_prefix (lacking->fix_sql, "GRANT "));
      pgm_test_cluster_execute (cluster, NULL, lacking->fix_sql);
    }
  g_ptr_array_set_size (self.missing, 0);
  plan (&self, PGM_FENCE_REVOKE);
  raise_fence (&self);
  /* Our own way in went through PUBLIC or the owner: it was granted anew. */
  g_assert_true (pgm_cutover_gets_in (cluster, "revoke_granted", "reader"));
  g_assert_false (pgm_cutover_gets_in (cluster, "revoke_granted", "boss"));
  lower_by_memo (&self);
  assert_as_before (&self);
  pgm_test_cluster_execute (cluster, NULL,
                            "REVOKE boss FROM reader; REVOKE pg_signal_backend FROM reader");
  tear_down (&self);
}

/* A member of our role would get in with us: it loses LOGIN where we may do that. */
static void
test_revoke_nologin (void)
{
  PgmTestCluster *cluster = shared_cluster ();
  g_autoptr (PgmConnection) member = NULL;
  Fixture self = { 0 };

  if (pgm_test_cluster_get_major (cluster) >= 16)
    {
      g_test_skip ("from 16 on no role can administer a member of itself");
      return;
    }
  set_up (&self, "revoke_nologin", "mover", "mover", NULL);
  pgm_test_cluster_execute (cluster, NULL, "ALTER ROLE mover CREATEROLE");
  member = pgm_cutover_application (cluster, "revoke_nologin", "member");
  plan (&self, PGM_FENCE_REVOKE);
  g_assert_cmpstr (self.fence->nologin[0], ==, "member");
  g_ptr_array_set_size (self.missing, 0);
  raise_fence (&self);
  g_assert_false (pgm_cutover_gets_in (cluster, "revoke_nologin", "member"));
  lower_by_memo (&self);
  g_assert_true (pgm_cutover_gets_in (cluster, "revoke_nologin", "member"));
  assert_as_before (&self);
  pgm_test_cluster_execute (cluster, NULL, "ALTER ROLE mover NOCREATEROLE");
  tear_down (&self);
}

/* Everybody's sessions end but ours; a superuser's stays for who is none, and is named. */
static void
test_sessions (void)
{
  PgmTestCluster *cluster = shared_cluster ();
  g_autoptr (PgmConnection) app = NULL;
  g_autoptr (PgmConnection) ours = NULL;
  g_autoptr (PgmConnection) super = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *left = NULL;
  Fixture self = { 0 };
  guint ended = 0;

  set_up (&self, "sessions", "mover", "mover", "GRANT pg_signal_backend TO mover");
  app = pgm_cutover_application (cluster, "sessions", "app");
  super = pgm_cutover_application (cluster, "sessions", "postgres");
  ours = pgm_cutover_connect (self.ends, PGM_END_SOURCE, "receive");
  g_assert_true (pgm_fence_end_sessions (self.ends, self.connection, &ended, &left, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (ended, ==, 1);
  g_assert_nonnull (left);
  g_assert_nonnull (strstr (left, "(postgres, app)"));
  g_assert_false (pgm_connection_exec (app, "SELECT 1", NULL, NULL));
  g_assert_true (pgm_connection_exec (ours, "SELECT 1", NULL, NULL));
  g_assert_true (pgm_connection_exec (super, "SELECT 1", NULL, NULL));
  pgm_test_cluster_execute (cluster, NULL, "REVOKE pg_signal_backend FROM mover");
  tear_down (&self);
}

static void
test_readonly (void)
{
  PgmTestCluster *cluster = shared_cluster ();
  g_autoptr (PgmConnection) app = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *passing = NULL;
  Fixture self = { 0 };

  set_up (&self, "readonly", "mover", "mover",
          "CREATE TABLE t (i int); GRANT ALL ON t TO app, mover");
  plan (&self, PGM_FENCE_READONLY);
  raise_fence (&self);
  /* Our own sessions pin the setting, so psql asks here. */
  g_assert_null (pgm_test_cluster_sql (cluster, "readonly", "INSERT INTO t VALUES (1)", &error));
  g_assert_nonnull (strstr (error->message, "read-only transaction"));
  g_assert_true (
      pgm_connection_exec (self.connection, "INSERT INTO public.t VALUES (1)", NULL, NULL));
  g_assert_true (pgm_fence_list_passing (self.fence, self.connection, &passing, NULL, NULL));
  g_assert_nonnull (strstr (passing, "default_transaction_read_only"));
  lower_by_memo (&self);
  assert_as_before (&self);
  pgm_test_cluster_execute (cluster, "readonly", "INSERT INTO t VALUES (1)");
  tear_down (&self);
}

/* A setting that was there comes back, beside others. */
static void
test_readonly_exact (void)
{
  Fixture self = { 0 };

  set_up (&self, "readonly exact", "boss", NULL,
          "ALTER DATABASE \"readonly exact\" SET work_mem = '5MB';"
          " ALTER DATABASE \"readonly exact\" SET default_transaction_read_only = 'off'");
  plan (&self, PGM_FENCE_READONLY);
  raise_fence (&self);
  lower_by_memo (&self);
  assert_as_before (&self);
  tear_down (&self);
}

static void
test_readonly_missing (void)
{
  Fixture self = { 0 };
  const PgmMissingPrivilege *lacking;

  set_up (&self, "readonly_missing", "boss", "reader", NULL);
  plan (&self, PGM_FENCE_READONLY);
  g_assert_cmpuint (self.missing->len, ==, 1);
  lacking = g_ptr_array_index (self.missing, 0);
  g_assert_cmpstr (lacking->fix_sql, ==, "GRANT \"boss\" TO \"reader\"");
  tear_down (&self);
}

static void
test_none (void)
{
  PgmTestCluster *cluster = shared_cluster ();
  Fixture self = { 0 };

  set_up (&self, "none", "boss", "reader", NULL);
  plan (&self, PGM_FENCE_NONE);
  raise_fence (&self);
  g_assert_true (pgm_cutover_gets_in (cluster, "none", "app"));
  lower_by_memo (&self);
  assert_as_before (&self);
  tear_down (&self);
}

/* A password isn't kept, and what is written in its place isn't taken for one. */
static void
test_memo_secret (void)
{
  PgmFenceRecord *fence = pgm_record_new (&pgm_fence_record_type);
  PgmFenceMemo *empty = pgm_fence_memo_parse (NULL, NULL);
  PgmFenceMemo *memo, *kept;
  g_autofree char *json = NULL;

  fence->kind = PGM_FENCE_PGBOUNCER;
  fence->end = PGM_END_SOURCE;
  fence->database = g_strdup ("d");
  fence->pgbouncer_password = pgm_secret_new ("hush");
  memo = pgm_fence_memo_with (empty, TRUE, PGM_END_SOURCE, fence);
  json = pgm_record_to_json (memo, FALSE);
  g_assert_null (strstr (json, "hush"));
  kept = pgm_fence_memo_parse (json, NULL);
  g_assert_true (kept->back);
  g_assert_null (pgm_fence_memo_find (kept, PGM_END_SOURCE)->pgbouncer_password);
  g_assert_null (pgm_fence_memo_find (kept, PGM_END_DESTINATION));
  pgm_record_unref (fence);
  pgm_record_unref (empty);
  pgm_record_unref (memo);
  pgm_record_unref (kept);
}

/* A real pgbouncer, the one that was fetched or that of the PATH. */
typedef struct
{
  char *program;
  char *directory;
  char *console; /* URI of its console */
  char *pool;
  GCancellable *stop;
  GThread *thread;
} Bouncer;

static gpointer
run_bouncer (gpointer data)
{
  Bouncer *self = data;
  g_autofree char *configuration = g_build_filename (self->directory, "ini", NULL);
  const char *argv[] = { self->program, "-q", configuration, NULL };
  struct passwd *user = getpwnam ("postgres");
  gint64 uid = geteuid () == 0 && user != NULL ? (gint64) user->pw_uid : -1;
  g_autoptr (PgmChildResult) result =
      pgm_child_run (argv, NULL, "/", uid, -1, PGM_CHILD_DEFAULT, self->stop, NULL);

  if (result != NULL)
    g_printerr ("# pgbouncer ended by itself: %s\n", result->errors);
  return NULL;
}

static void
write_file (Bouncer *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->directory, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
}

static gboolean
start_bouncer (Bouncer *self, const char *database)
{
  const char *fetched = g_getenv ("PGM_TEST_PG");
  g_autofree char *ini = NULL;
  struct passwd *user = getpwnam ("postgres");

  self->program = fetched != NULL ? g_build_filename (fetched, "bin", "pgbouncer", NULL) : NULL;
  if (self->program == NULL || !g_file_test (self->program, G_FILE_TEST_IS_EXECUTABLE))
    {
      g_free (self->program);
      self->program = g_find_program_in_path ("pgbouncer");
    }
  if (self->program == NULL || (geteuid () == 0 && user == NULL))
    return FALSE;
  self->directory = g_dir_make_tmp ("pgb-XXXXXX", NULL);
  if (geteuid () == 0)
    g_assert_cmpint (chown (self->directory, user->pw_uid, user->pw_gid), ==, 0);
  ini = g_strdup_printf ("[databases]\nshop = host=%s port=%d dbname=%s\n"
                         "other = host=%s port=%d dbname=postgres\n"
                         "[pgbouncer]\nlisten_addr =\nlisten_port = 6499\nunix_socket_dir = %s\n"
                         "auth_type = trust\nauth_file = %s/users\nadmin_users = postgres\n"
                         "pool_mode = transaction\nlogfile = %s/log\n",
                         pgm_test_cluster_get_socket_directory (shared_cluster ()),
                         pgm_test_cluster_get_port (shared_cluster ()), database,
                         pgm_test_cluster_get_socket_directory (shared_cluster ()),
                         pgm_test_cluster_get_port (shared_cluster ()), self->directory,
                         self->directory, self->directory);
  write_file (self, "ini", ini);
  write_file (self, "users", "\"postgres\" \"\"\n\"app\" \"\"\n");
  self->console =
      g_strdup_printf ("host=%s port=6499 user=postgres dbname=pgbouncer", self->directory);
  self->pool = g_strdup_printf ("host=%s port=6499 user=app dbname=shop", self->directory);
  self->stop = g_cancellable_new ();
  self->thread = g_thread_new ("pgbouncer", run_bouncer, self);
  return TRUE;
}

static void
stop_bouncer (Bouncer *self)
{
  static const char *const files[] = { "ini", "users", "log" };

  g_cancellable_cancel (self->stop);
  g_thread_join (self->thread);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (self->directory, files[i], NULL);
      g_unlink (path);
    }
  g_rmdir (self->directory);
  g_object_unref (self->stop);
  g_free (self->program);
  g_free (self->directory);
  g_free (self->console);
  g_free (self->pool);
}

static PgmConnection *
through_bouncer (Bouncer *self)
{
  PgmSessionOptions options = { .label = "application", .console = TRUE };
  g_autoptr (PgmConninfo) info = pgm_conninfo_new (self->pool, NULL);
  PgmConnection *connection = NULL;

  for (guint i = 0; i < 100 && connection == NULL; i++)
    {
      connection = pgm_connection_open (info, &options, NULL, NULL);
      if (connection == NULL)
        g_usleep (50000);
    }
  g_assert_nonnull (connection);
  return connection;
}

static gboolean
raise_by_console (Fixture *self, GCancellable *cancellable, GError **error)
{
  return pgm_fence_raise (self->fence, self->connection, cancellable, error);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (300000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
plan_bouncer (Fixture *self, Bouncer *bouncer, GError **error)
{
  PgmSwitchoverOptions *options = pgm_record_new (&pgm_switchover_options_type);

  options->fence = PGM_FENCE_PGBOUNCER;
  options->pgbouncer_uri = g_strdup (bouncer->console);
  g_clear_pointer (&self->fence, pgm_record_unref);
  self->fence = pgm_fence_plan (self->ends, PGM_END_SOURCE, self->connection, options,
                                self->missing, NULL, error);
  pgm_record_unref (options);
}

/* Transactions end, new ones wait, and go on when it is taken down; one that doesn't
 * end is waited for no longer than allowed. */
static void
test_pgbouncer (void)
{
  Bouncer bouncer = { 0 };
  Fixture self = { 0 };
  g_autoptr (PgmConnection) one = NULL;
  g_autoptr (PgmConnection) two = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  PgmCutoverJob *job = NULL;
  GThread *thread = NULL;
  gint64 began;

  set_up (&self, "pooled", "boss", NULL, "CREATE TABLE t (i int); GRANT ALL ON t TO app");
  if (!start_bouncer (&bouncer, "pooled"))
    {
      tear_down (&self);
      g_test_skip ("there is no pgbouncer here (tests/pg/fetch.sh pgbouncer)");
      return;
    }
  one = through_bouncer (&bouncer);
  two = through_bouncer (&bouncer);
  g_assert_true (pgm_connection_exec (one, "BEGIN; INSERT INTO t VALUES (1)", NULL, NULL));
  plan_bouncer (&self, &bouncer, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (self.fence->pools), ==, 1);
  g_assert_cmpstr (self.fence->pools[0], ==, "shop");

  began = g_get_monotonic_time ();
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_false (raise_by_console (&self, cancellable, &error));
  g_assert_true (pgm_error_is_cancelled (error));
  g_clear_error (&error);
  g_thread_join (thread);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 2 * G_USEC_PER_SEC);
  lower_by_memo (&self);
  g_assert_true (pgm_connection_exec (one, "COMMIT", NULL, NULL));

  g_assert_true (raise_by_console (&self, NULL, &error));
  g_assert_no_error (error);
  job = pgm_cutover_start (two, "INSERT INTO t VALUES (2)");
  g_usleep (300000);
  lower_by_memo (&self);
  g_assert_no_error (pgm_cutover_finish (job));
  g_assert_cmpfloat (pgm_cutover_took (job), >=, 250);
  pgm_cutover_job_free (job);

  /* Somebody else's PAUSE is not ours to end. */
  g_assert_true (raise_by_console (&self, NULL, NULL));
  plan_bouncer (&self, &bouncer, &error);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  assert_as_before (&self);
  g_clear_pointer (&one, pgm_connection_free);
  g_clear_pointer (&two, pgm_connection_free);
  stop_bouncer (&bouncer);
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fence/C2/revoke/superuser", test_revoke_superuser);
  g_test_add_func ("/fence/C2/revoke/undone-exactly", test_revoke_exact);
  g_test_add_func ("/fence/C2/revoke/owner", test_revoke_owner);
  g_test_add_func ("/fence/E/revoke/what-is-lacking-is-said", test_revoke_granted);
  g_test_add_func ("/fence/C2/revoke/nologin", test_revoke_nologin);
  g_test_add_func ("/fence/C2/sessions", test_sessions);
  g_test_add_func ("/fence/C2/readonly", test_readonly);
  g_test_add_func ("/fence/C2/readonly/undone-exactly", test_readonly_exact);
  g_test_add_func ("/fence/E/readonly/what-is-lacking-is-said", test_readonly_missing);
  g_test_add_func ("/fence/C2/none", test_none);
  g_test_add_func ("/fence/C2/memo/no-secret", test_memo_secret);
  g_test_add_func ("/fence/C2/pgbouncer", test_pgbouncer);
  status = g_test_run ();
  pgm_test_cluster_free (shared_cluster ());
  return status;
}
