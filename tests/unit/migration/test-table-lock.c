/* The lock that proves a cutover: against writers, deadlocks, vacuums (F65), and its
 * loss (F64). */
#include "migration/table-lock.h"

#include <string.h>

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

      cluster = pgm_test_cluster_new_full (
          major != NULL ? (int) g_ascii_strtoll (major, NULL, 10) : 0, NULL,
          "autovacuum_naptime = 1s\nlog_lock_waits = on\n", 0, &error);
      g_assert_no_error (error);
      pgm_test_cluster_execute (cluster, NULL, "CREATE ROLE mover LOGIN; CREATE ROLE app LOGIN");
      g_once_init_leave (&once, 1);
    }
  return cluster;
}

typedef struct
{
  PgmEnds *ends;
  PgmConnection *other;
  PgmCatalog *catalog;
  PgmTableLock *lock;
} Fixture;

static void
set_up (Fixture *self, const char *name, const char *user, const char *sql)
{
  g_autoptr (GError) error = NULL;

  pgm_test_cluster_create_database (shared_cluster (), name, NULL);
  pgm_test_cluster_execute (shared_cluster (), name, sql);
  self->ends = pgm_cutover_ends (shared_cluster (), name, user);
  self->other = pgm_cutover_connect (self->ends, PGM_END_SOURCE, "witness");
  self->catalog = pgm_catalog_read_structure (self->other, NULL, &error);
  g_assert_no_error (error);
  self->lock =
      pgm_table_lock_new (pgm_cutover_connect (self->ends, PGM_END_SOURCE, "lock"), self->catalog);
}

static void
tear_down (Fixture *self)
{
  g_clear_pointer (&self->lock, pgm_table_lock_free);
  g_clear_pointer (&self->catalog, pgm_catalog_free);
  g_clear_pointer (&self->other, pgm_connection_free);
  g_clear_pointer (&self->ends, pgm_ends_free);
}

static void
prepare (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  if (!pgm_table_lock_prepare (self->lock, 60000, NULL, &error))
    g_assert_no_error (error);
}

static gboolean
try_lock (Fixture *self, gint64 wait)
{
  g_autoptr (GError) error = NULL;
  gboolean taken = FALSE;

  if (!pgm_table_lock_try (self->lock, wait, &taken, NULL, &error))
    g_assert_no_error (error);
  return taken;
}

static gboolean
is_held (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  gboolean held = FALSE;

  if (!pgm_table_lock_is_held (self->lock, self->other, &held, NULL, &error))
    g_assert_no_error (error);
  return held;
}

static void
run (PgmConnection *connection, const char *sql)
{
  g_autoptr (GError) error = NULL;

  if (!pgm_connection_exec (connection, sql, NULL, &error))
    g_assert_no_error (error);
}

/* Readers go on, writers wait, for every kind of table. */
static void
test_writers_wait (void)
{
  Fixture self = { 0 };
  g_autoptr (PgmConnection) app = NULL;
  static const char *const writes[] = {
    "INSERT INTO public.plain VALUES (1)",
    "UPDATE public.leaf SET i = i",
    "DELETE FROM public.child",
    "TRUNCATE public.\"Odd \"\"name\"",
    "INSERT INTO public.quick VALUES (1)",
  };

  set_up (&self, "writers", NULL,
          "CREATE TABLE plain (i int); CREATE TABLE parted (i int) PARTITION BY RANGE (i);"
          " CREATE TABLE leaf PARTITION OF parted DEFAULT; CREATE TABLE parent (i int);"
          " CREATE TABLE child () INHERITS (parent); CREATE TABLE \"Odd \"\"name\" (i int);"
          " CREATE UNLOGGED TABLE quick (i int); CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;"
          " CREATE VIEW v AS SELECT 1 AS a");
  g_assert_cmpuint (pgm_table_lock_get_tables (self.lock), ==, 7);
  prepare (&self);
  app = pgm_cutover_application (shared_cluster (), "writers", "postgres");
  /* Nobody notices until it is taken. */
  for (guint i = 0; i < G_N_ELEMENTS (writes); i++)
    if (i != 3)
      run (app, writes[i]);
  g_assert_false (is_held (&self));
  g_assert_true (try_lock (&self, 100));
  g_assert_true (is_held (&self));
  run (app, "SELECT count(*) FROM public.parted");
  run (app, "SET lock_timeout = 50");
  for (guint i = 0; i < G_N_ELEMENTS (writes); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (pgm_connection_exec (app, writes[i], NULL, &error));
      g_assert_cmpstr (pgm_error_get_sqlstate (error), ==, "55P03");
    }
  g_assert_true (pgm_table_lock_release (self.lock, NULL, NULL));
  run (app, writes[0]);
  tear_down (&self);
}

/* A transaction that goes on: the try ends in time, lets those behind it on, and the
 * next one succeeds. */
static void
test_long_writer (void)
{
  Fixture self = { 0 };
  g_autoptr (PgmConnection) holder = NULL;
  g_autoptr (PgmConnection) app = NULL;
  g_autofree char *writers = NULL;
  PgmCutoverJob *job;
  gint64 began;

  set_up (&self, "long_writer", NULL, "CREATE TABLE a (i int); CREATE TABLE b (i int)");
  holder = pgm_cutover_application (shared_cluster (), "long_writer", "postgres");
  app = pgm_cutover_application (shared_cluster (), "long_writer", "postgres");
  run (holder, "BEGIN; INSERT INTO public.b VALUES (1)");
  prepare (&self);
  began = g_get_monotonic_time ();
  g_usleep (20000);
  job = pgm_cutover_start (app, "INSERT INTO public.a SELECT 1 FROM pg_sleep(0.05)");
  g_assert_false (try_lock (&self, 300));
  g_assert_cmpint (g_get_monotonic_time () - began, <, 2 * G_USEC_PER_SEC);
  g_assert_no_error (pgm_cutover_finish (job));
  pgm_cutover_job_free (job);
  writers = pgm_table_lock_list_writers (self.lock, NULL);
  g_assert_nonnull (writers);
  g_assert_nonnull (strstr (writers, "(postgres, app,"));
  run (holder, "COMMIT");
  g_assert_true (try_lock (&self, 300));
  g_assert_true (is_held (&self));
  tear_down (&self);
}

/* Writers that take the tables in the other order: we give up, never they. */
static void
test_deadlock (void)
{
  Fixture self = { 0 };
  g_autoptr (PgmConnection) app = NULL;
  PgmCutoverJob *job;
  g_autoptr (GError) error = NULL;

  set_up (&self, "deadlock", NULL, "CREATE TABLE a (i int); CREATE TABLE b (i int)");
  app = pgm_cutover_application (shared_cluster (), "deadlock", "postgres");
  prepare (&self);
  run (app, "BEGIN; INSERT INTO public.b VALUES (1)");
  /* By now "a" is ours and "b" is waited for; the writer asks for "a". */
  job = pgm_cutover_start (app, "SELECT pg_sleep(0.2); INSERT INTO public.a VALUES (1); COMMIT");
  g_assert_false (try_lock (&self, 60000));
  error = pgm_cutover_finish (job);
  g_assert_no_error (error);
  pgm_cutover_job_free (job);
  g_assert_true (try_lock (&self, 300));
  tear_down (&self);
}

/* A real autovacuum that would take an hour. */
static void
test_autovacuum (void)
{
  Fixture self = { 0 };
  gboolean running = FALSE;
  g_autofree char *log = NULL;
  gint64 began;

  set_up (&self, "autovacuum", NULL,
          "CREATE TABLE t (i int) WITH (autovacuum_vacuum_threshold = 1,"
          " autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100,"
          " autovacuum_vacuum_cost_limit = 1); INSERT INTO t SELECT generate_series(1, 100000);"
          " DELETE FROM t WHERE i % 2 = 0");
  for (guint i = 0; i < 600 && !running; i++)
    {
      g_autofree char *n = pgm_test_cluster_query (
          shared_cluster (), "autovacuum",
          "SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid = 't'::regclass");

      running = g_str_equal (n, "1");
      if (!running)
        g_usleep (100000);
    }
  g_assert_true (running);
  began = g_get_monotonic_time ();
  prepare (&self);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 10 * G_USEC_PER_SEC);
  log = pgm_test_cluster_get_log (shared_cluster ());
  g_assert_nonnull (strstr (log, "canceling autovacuum task"));
  g_assert_true (try_lock (&self, 100));
  tear_down (&self);
}

/* What doesn't give way is named: a VACUUM of somebody's, here held up in its truncation. */
static void
test_ddl_is_named (void)
{
  Fixture self = { 0 };
  g_autoptr (PgmConnection) app = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&self, "ddl", NULL,
          "CREATE TABLE t (i int); ALTER DATABASE ddl SET deadlock_timeout = 50");
  tear_down (&self);
  self.ends = pgm_cutover_ends (shared_cluster (), "ddl", NULL);
  self.other = pgm_cutover_connect (self.ends, PGM_END_SOURCE, "witness");
  self.catalog = pgm_catalog_read_structure (self.other, NULL, NULL);
  self.lock =
      pgm_table_lock_new (pgm_cutover_connect (self.ends, PGM_END_SOURCE, "lock"), self.catalog);
  app = pgm_cutover_application (shared_cluster (), "ddl", "postgres");
  run (app, "BEGIN; ALTER TABLE public.t ADD j int");
  g_assert_false (pgm_table_lock_prepare (self.lock, 60000, NULL, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (pgm_error_get_detail (error), "ALTER TABLE public.t"));
  run (app, "INSERT INTO public.t VALUES (1); COMMIT");
  tear_down (&self);
}

/* The session is ended by somebody, and a writer gets through: it is seen. */
static void
test_lost (void)
{
  Fixture self = { 0 };
  g_autoptr (PgmConnection) app = NULL;
  g_autofree char *sql = NULL;

  set_up (&self, "lost", NULL, "CREATE TABLE t (i int)");
  prepare (&self);
  g_assert_true (try_lock (&self, 100));
  g_assert_true (is_held (&self));
  app = pgm_cutover_application (shared_cluster (), "lost", "postgres");
  sql = g_strdup_printf ("SELECT pg_terminate_backend(%d)", pgm_table_lock_get_pid (self.lock));
  run (app, sql);
  run (app, "INSERT INTO public.t VALUES (1)");
  g_assert_false (is_held (&self));
  g_assert_false (pgm_table_lock_release (self.lock, NULL, NULL));
  tear_down (&self);
}

/* A process of ours that hangs doesn't hold the application for ever. */
static void
test_idle_limit (void)
{
  Fixture self = { 0 };
  g_autoptr (PgmConnection) app = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&self, "idle", NULL, "CREATE TABLE t (i int)");
  g_assert_true (pgm_table_lock_prepare (self.lock, 300, NULL, &error));
  g_assert_true (try_lock (&self, 100));
  app = pgm_cutover_application (shared_cluster (), "idle", "postgres");
  run (app, "SET lock_timeout = '5s'; INSERT INTO public.t VALUES (1)");
  g_assert_false (is_held (&self));
  tear_down (&self);
}

static void
test_privileges (void)
{
  Fixture self = { 0 };
  g_autoptr (GPtrArray) missing =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_missing_privilege_free);
  const PgmMissingPrivilege *lacking;

  set_up (&self, "privileges", "mover",
          "CREATE TABLE a (i int); CREATE TABLE \"B\" (i int); GRANT DELETE ON a TO mover;"
          " GRANT SELECT ON \"B\" TO mover");
  g_assert_true (pgm_table_lock_check_privileges (self.lock, missing, NULL, NULL));
  g_assert_cmpuint (missing->len, ==, 1);
  lacking = g_ptr_array_index (missing, 0);
  g_assert_cmpstr (lacking->fix_sql, ==,
                   pgm_test_cluster_get_major (shared_cluster ()) >= 17
                       ? "GRANT MAINTAIN ON \"public\".\"B\" TO mover"
                       : "GRANT UPDATE ON \"public\".\"B\" TO mover");
  pgm_test_cluster_execute (shared_cluster (), "privileges", lacking->fix_sql);
  prepare (&self);
  g_assert_true (try_lock (&self, 100));
  tear_down (&self);
}

static void
test_no_tables (void)
{
  Fixture self = { 0 };

  set_up (&self, "no_tables", NULL, "SELECT 1");
  prepare (&self);
  g_assert_true (try_lock (&self, 100));
  g_assert_true (is_held (&self));
  g_assert_true (pgm_table_lock_release (self.lock, NULL, NULL));
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/table-lock/C2/writers-wait", test_writers_wait);
  g_test_add_func ("/table-lock/C2/long-writer", test_long_writer);
  g_test_add_func ("/table-lock/C2/deadlock-is-ours", test_deadlock);
  g_test_add_func ("/table-lock/F65/autovacuum-gives-way", test_autovacuum);
  g_test_add_func ("/table-lock/F65/ddl-is-named", test_ddl_is_named);
  g_test_add_func ("/table-lock/F64/lost", test_lost);
  g_test_add_func ("/table-lock/C2/idle-limit", test_idle_limit);
  g_test_add_func ("/table-lock/E/privileges", test_privileges);
  g_test_add_func ("/table-lock/no-tables", test_no_tables);
  status = g_test_run ();
  pgm_test_cluster_free (shared_cluster ());
  return status;
}
