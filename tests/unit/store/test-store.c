/* The history of jobs: written, read back, and what happens to a file that is
 * damaged, full, of a newer version or not ours. */
#include "store/store.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char *base;
  PgmConfig *config;
  char *path;
} State;

static void
set_up (State *self, gconstpointer data)
{
  self->base = g_dir_make_tmp ("pgm-store-XXXXXX", NULL);
  self->config = pgm_record_new (&pgm_config_type);
  self->config->state_dir = g_build_filename (self->base, "pgmanager", NULL);
  self->path = g_build_filename (self->config->state_dir, "state.db", NULL);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      if (g_unlink (file) != 0)
        remove_tree (file);
    }
  g_rmdir (path);
}

static void
tear_down (State *self, gconstpointer data)
{
  remove_tree (self->base);
  g_free (self->base);
  pgm_record_unref (self->config);
  g_free (self->path);
}

/* Opens without anything to tell. */
static PgmStore *
open_store (State *self)
{
  g_autofree char *warning = NULL;
  PgmStore *store = pgm_store_new (self->config, &warning);

  g_assert_cmpstr (warning, ==, NULL);
  return store;
}

static PgmJobSpec *
make_spec (const char *id)
{
  g_autofree char *json =
      g_strdup_printf ("{\"id\":\"%s\",\"kind\":\"clone\","
                       "\"source\":{\"uri\":\"postgresql://u:MARKED@h/db\"},"
                       "\"destination\":{\"host\":\"h\",\"password\":\"MARKED\"},"
                       "\"clone\":{\"copy_workers\":2}}",
                       id);

  return pgm_record_from_json (&pgm_job_spec_type, json, -1, NULL);
}

static void
start_job (PgmStore *store, const char *id)
{
  PgmJobSpec *spec = make_spec (id);

  pgm_store_job_started (store, spec, "db on h as u", "db on h");
  pgm_record_unref (spec);
}

static void
write_table (PgmStore *store, const char *id, const char *name, guint64 rows)
{
  PgmTableProgress *table = pgm_record_new (&pgm_table_progress_type);

  table->schema = g_strdup ("public");
  table->name = g_strdup (name);
  table->rows_copied = rows;
  pgm_store_table (store, id, table);
  pgm_record_unref (table);
}

static void
finish_job (PgmStore *store, const char *id)
{
  PgmReport *report = pgm_record_new (&pgm_report_type);

  report->job_id = g_strdup (id);
  report->outcome = PGM_OUTCOME_PROBLEMS;
  report->finished_at = 1738324800000000;
  report->source = g_strdup ("described better");
  pgm_store_job_finished (store, report);
  pgm_record_unref (report);
}

static void
assert_no_secret (State *self)
{
  static const char *const suffixes[] = { "", "-wal" };

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (self->path, suffixes[i], NULL);
      g_autofree char *text = NULL;
      gsize length;

      if (g_file_get_contents (path, &text, &length, NULL))
        g_assert_null (memmem (text, length, "MARKED", 6));
    }
}

static void
test_history (State *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmStore *store = open_store (self);
  PgmJobHistory *job;
  GPtrArray *records;

  start_job (store, "job-1");
  pgm_store_phase (store, "job-1", PGM_PHASE_COPY);
  pgm_store_event (store, "job-1", "phase", "copy");
  pgm_store_event (store, "job-1", "warning", "bytes \xff of a server");
  pgm_store_event (store, "no-such-job", "warning", "left out");
  write_table (store, "job-1", "orders", 1);
  write_table (store, "job-1", "orders", 2);
  write_table (store, "job-1", "customers", 3);
  pgm_store_flush (store);

  job = pgm_history_get_job (self->path, "job-1", &error);
  g_assert_no_error (error);
  g_assert_cmpint (job->status, ==, PGM_JOB_RUNNING);
  g_assert_cmpint (job->phase, ==, PGM_PHASE_COPY);
  g_assert_cmpstr (job->source, ==, "db on h as u");
  g_assert_cmpstr (job->spec->source->uri, ==, "postgresql://u@h/db");
  g_assert_null (job->spec->destination->password);
  g_assert_null (job->report);
  pgm_record_unref (job);

  finish_job (store, "job-1");
  pgm_store_flush (store);
  job = pgm_history_get_job (self->path, "job-1", &error);
  g_assert_cmpint (job->status, ==, PGM_JOB_ENDED);
  g_assert_cmpint (job->report->outcome, ==, PGM_OUTCOME_PROBLEMS);
  g_assert_cmpint (job->finished_at, ==, 1738324800000000);
  g_assert_cmpstr (job->source, ==, "described better");
  pgm_record_unref (job);

  records = pgm_history_list_events (self->path, "job-1", 0, &error);
  g_assert_cmpuint (records->len, ==, 2);
  g_assert_cmpstr (((PgmEvent *) g_ptr_array_index (records, 0))->message, ==, "copy");
  g_assert_cmpstr (((PgmEvent *) g_ptr_array_index (records, 1))->message, ==,
                   "bytes \xef\xbf\xbd of a server");
  g_ptr_array_unref (records);
  records = pgm_history_list_events (self->path, "job-1", 1, &error);
  g_assert_cmpuint (records->len, ==, 1);
  g_assert_cmpstr (((PgmEvent *) g_ptr_array_index (records, 0))->type, ==, "warning");
  g_ptr_array_unref (records);
  records = pgm_history_list_tables (self->path, "job-1", &error);
  g_assert_cmpuint (records->len, ==, 2);
  g_assert_cmpuint (((PgmTableProgress *) g_ptr_array_index (records, 1))->rows_copied, ==, 2);
  g_ptr_array_unref (records);

  g_assert_null (pgm_history_get_job (self->path, "job-2", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  assert_no_secret (self);
  g_object_unref (store);
  assert_no_secret (self);
}

static void
test_modes (State *self, gconstpointer data)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };
  PgmStore *store = open_store (self);
  struct stat status;

  start_job (store, "job-1");
  pgm_store_flush (store);
  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (self->path, suffixes[i], NULL);

      g_assert_cmpint (g_stat (path, &status), ==, 0);
      g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
    }
  g_assert_cmpint (g_stat (self->config->state_dir, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0700);
  g_object_unref (store);
}

static void
test_nothing_there (State *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) jobs = pgm_history_list_jobs (self->path, 0, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (jobs->len, ==, 0);
}

/* A job of a process that is gone; and with it old jobs beyond the 500th. */
static void
test_lost_and_pruned (State *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmStore *store = open_store (self);
  g_autoptr (GPtrArray) jobs = NULL;

  for (int i = 0; i < 505; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%03d", i);

      start_job (store, id);
      pgm_store_event (store, id, "t", "m");
    }
  g_object_unref (store);
  /* The rows bear our own process id: to the next store we are somebody new. */
  store = open_store (self);
  pgm_store_flush (store);
  jobs = pgm_history_list_jobs (self->path, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (jobs->len, ==, 500);
  for (guint i = 0; i < jobs->len; i++)
    g_assert_cmpint (((PgmJobHistory *) g_ptr_array_index (jobs, i))->status, ==, PGM_JOB_LOST);
  g_assert_cmpstr (((PgmJobHistory *) g_ptr_array_index (jobs, 0))->id, ==, "job-504");
  g_object_unref (store);
}

static guint
count_files (State *self, const char *prefix)
{
  g_autoptr (GDir) directory = g_dir_open (self->config->state_dir, 0, NULL);
  const char *name;
  guint count = 0;

  while ((name = g_dir_read_name (directory)) != NULL)
    count += g_str_has_prefix (name, prefix) && !g_str_has_suffix (name, "-wal") &&
                     !g_str_has_suffix (name, "-shm")
                 ? 1
                 : 0;
  return count;
}

/* Whatever is there instead of it, a store opens, and works. */
static gboolean
open_over (State *self, const char *bytes, gsize length)
{
  g_autofree char *warning = NULL;
  g_autofree char *wal = g_strconcat (self->path, "-wal", NULL);
  g_autofree char *shm = g_strconcat (self->path, "-shm", NULL);
  g_autofree char *problem = NULL;
  g_autoptr (GError) error = NULL;
  PgmStore *store;
  PgmJobHistory *job;

  g_unlink (wal);
  g_unlink (shm);
  g_assert_true (g_file_set_contents (self->path, bytes, (gssize) length, NULL));
  store = pgm_store_new (self->config, &warning);
  start_job (store, "after");
  pgm_store_flush (store);
  problem = pgm_store_dup_problem (store);
  g_assert_cmpstr (problem, ==, NULL);
  job = pgm_history_get_job (self->path, "after", &error);
  g_assert_no_error (error);
  pgm_record_unref (job);
  g_object_unref (store);
  if (warning != NULL)
    g_assert_nonnull (strstr (warning, "state.db.corrupt-"));
  return warning != NULL;
}

static char *
make_file (State *self, gsize *length)
{
  PgmStore *store = open_store (self);
  char *bytes;

  for (int i = 0; i < 40; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%d", i);

      start_job (store, id);
      for (int j = 0; j < 5; j++)
        pgm_store_event (store, id, "event", "a message that takes some room in the file");
      write_table (store, id, "orders", 1);
      finish_job (store, id);
    }
  g_object_unref (store); /* checkpoints */
  g_assert_true (g_file_get_contents (self->path, &bytes, length, NULL));
  g_assert_cmpuint (*length, >, 30000);
  return bytes;
}

/* R17: cut at any length. */
static void
test_cut (State *self, gconstpointer data)
{
  gsize length;
  g_autofree char *bytes = make_file (self, &length);
  guint noticed = 0, tried = 0;

  for (gsize cut = 1; cut < length; cut += cut < 200 ? 37 : 2039)
    {
      gboolean told = open_over (self, bytes, cut);

      tried++;
      noticed += told ? 1 : 0;
      g_test_message ("cut to %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT ": %s", cut, length,
                      told ? "noticed" : "as if empty");
    }
  g_test_message ("noticed %u of %u", noticed, tried);
  /* Every cut takes pages away that the header counts. */
  g_assert_cmpuint (noticed, ==, tried);
  g_assert_cmpuint (count_files (self, "state.db.corrupt-"), ==, tried);
  g_assert_false (open_over (self, bytes, 0));
  g_assert_false (open_over (self, bytes, length));
}

/* R17: bytes flipped anywhere. Not every one makes a difference to SQLite; what
 * matters is that the store works afterwards. */
static void
test_flipped (State *self, gconstpointer data)
{
  gsize length;
  g_autofree char *bytes = make_file (self, &length);
  guint32 seed = g_test_rand_int ();
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  guint noticed = 0;

  g_test_message ("seed %u", seed);
  for (int i = 0; i < 30; i++)
    {
      g_autofree char *flipped = g_memdup2 (bytes, length);

      for (int j = 0; j < 20; j++)
        flipped[g_rand_int_range (random, 0, (gint32) length)] ^= 0x55;
      /* A foreign version number is not damage; see below. */
      memcpy (flipped + 60, bytes + 60, 4);
      noticed += open_over (self, flipped, length) ? 1 : 0;
    }
  g_test_message ("noticed %u of 30", noticed);
  g_assert_cmpuint (noticed, >, 0);
}

static void
test_not_a_database (State *self, gconstpointer data)
{
  g_autofree char *text = g_strnfill (5000, 'x');

  g_assert_cmpint (g_mkdir_with_parents (self->config->state_dir, 0700), ==, 0);
  g_assert_true (open_over (self, text, 5000));
  g_assert_cmpuint (count_files (self, "state.db.corrupt-"), ==, 1);
}

static void
exec_sql (State *self, const char *sql)
{
  sqlite3 *handle;

  g_assert_cmpint (sqlite3_open (self->path, &handle), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (handle, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (handle);
}

/* Nothing of a newer version is touched. */
static void
test_newer (State *self, gconstpointer data)
{
  g_autofree char *warning = NULL;
  g_autofree char *problem = NULL;
  PgmStore *store;

  g_object_unref (open_store (self));
  exec_sql (self, "PRAGMA user_version = 1000");
  store = pgm_store_new (self->config, &warning);
  g_assert_nonnull (strstr (warning, "newer pgmanager"));
  problem = pgm_store_dup_problem (store);
  g_assert_nonnull (problem);
  start_job (store, "job-1");
  write_table (store, "job-1", "t", 1);
  finish_job (store, "job-1");
  pgm_store_flush (store);
  g_object_unref (store);
  g_assert_cmpuint (count_files (self, "state.db.corrupt-"), ==, 0);
}

/* R11: no room for more. The size of files is limited as the disk would be. */
static void
test_full_disk (State *self, gconstpointer data)
{
  struct rlimit old, small;
  PgmStore *store = open_store (self);
  g_autofree char *problem = NULL;
  g_autoptr (GPtrArray) events = NULL;
  g_autofree char *message = g_strnfill (4000, 'x');

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = old;
  small.rlim_cur = 64 * 1024;
  start_job (store, "job-1");
  pgm_store_flush (store);

  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  for (int i = 0; i < 100; i++)
    pgm_store_event (store, "job-1", "event", message);
  pgm_store_flush (store);
  problem = pgm_store_dup_problem (store);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  g_assert_nonnull (problem);
  g_test_message ("%s", problem);

  /* There is room again: what was kept is written by the last try. */
  finish_job (store, "job-1");
  g_object_unref (store);
  events = pgm_history_list_events (self->path, "job-1", 0, NULL);
  g_assert_cmpuint (events->len, ==, 100);
}

static void
test_no_directory (State *self, gconstpointer data)
{
  g_autofree char *warning = NULL;
  PgmStore *store;

  g_free (self->config->state_dir);
  self->config->state_dir = g_strdup ("/proc/nowhere/pgmanager");
  store = pgm_store_new (self->config, &warning);
  g_assert_nonnull (strstr (warning, "jobs will not be recorded"));
  start_job (store, "job-1");
  pgm_store_phase (store, "job-1", PGM_PHASE_COPY);
  pgm_store_event (store, "job-1", "t", "m");
  pgm_store_flush (store);
  g_object_unref (store);
}

/* The file is held by somebody else for longer than anybody waits: the calls
 * return at once, the least important is dropped, the rest arrives. */
static void
test_never_blocks (State *self, gconstpointer data)
{
  PgmStore *store = open_store (self);
  sqlite3 *other;
  g_autoptr (GPtrArray) records = NULL;
  gint64 before, longest = 0;

  start_job (store, "job-1");
  pgm_store_flush (store);
  g_assert_cmpint (sqlite3_open (self->path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  for (int i = 0; i < 10000; i++)
    {
      before = g_get_monotonic_time ();
      write_table (store, "job-1", i % 2 != 0 ? "a" : "b", 1);
      longest = MAX (longest, g_get_monotonic_time () - before);
    }
  for (int i = 0; i < 3000; i++)
    pgm_store_event (store, "job-1", "event", "kept");
  finish_job (store, "job-1");
  g_assert_cmpint (longest, <, G_USEC_PER_SEC / 2);
  g_assert_cmpint (sqlite3_exec (other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (other);
  g_object_unref (store);
  records = pgm_history_list_events (self->path, "job-1", 0, NULL);
  g_assert_cmpuint (records->len, ==, 3000);
}

/* Two processes may make the file at the same moment. */
static gpointer
open_in_thread (gpointer data)
{
  return open_store (data);
}

static void
test_made_twice (State *self, gconstpointer data)
{
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("open", open_in_thread, self);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_object_unref (g_thread_join (threads[i]));
  g_assert_cmpuint (count_files (self, "state.db.corrupt-"), ==, 0);
}

#define ADD(name, func) g_test_add ("/store/store/" name, State, NULL, set_up, func, tear_down)

static guint
count_kept (PgmStore *store)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) kept = pgm_store_list_kept (store, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < kept->len; i++)
    {
      const PgmKeptJob *job = g_ptr_array_index (kept, i);

      g_assert_cmpstr (pgm_secret_reveal (job->spec->destination->password), ==, "MARKED");
    }
  return kept->len;
}

/* Whole with its password, until it is let go; also when the state file is gone. */
static void
test_kept_jobs (State *self, gconstpointer data)
{
  PgmStore *store = open_store (self);
  PgmJobSpec *spec = make_spec ("one");
  g_autofree char *file = g_build_filename (self->config->state_dir, "kept-jobs", "one.json", NULL);
  g_autoptr (GError) error = NULL;
  struct stat status;

  start_job (store, "one");
  start_job (store, "two");
  pgm_store_flush (store);
  g_assert_cmpuint (count_kept (store), ==, 0);
  g_assert_true (pgm_store_job_keep (store, spec, &error));
  g_assert_no_error (error);
  pgm_store_job_restarted (store, "one");
  pgm_store_flush (store);
  g_assert_cmpuint (count_kept (store), ==, 1);
  g_assert_cmpint (g_stat (file, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
  g_object_unref (store);

  g_assert_cmpint (g_unlink (self->path), ==, 0);
  store = open_store (self);
  g_assert_cmpuint (count_kept (store), ==, 1);
  pgm_store_job_unkeep (store, "one");
  pgm_store_flush (store);
  g_assert_cmpuint (count_kept (store), ==, 0);
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
  g_object_unref (store);
  pgm_record_unref (spec);
}

static guint
count_metrics (State *self, gint64 from, gint64 to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) points = pgm_history_list_metrics (self->path, "one", from, to, &error);

  g_assert_no_error (error);
  return points->len;
}

/* Every second of the last hour, one of each minute before, nothing beyond a month; and
 * they go with the job. */
static void
test_metrics (State *self, gconstpointer data)
{
  const gint64 second = G_USEC_PER_SEC, hour = 3600 * second;
  /* At the beginning of a minute, so that minutes can be counted. */
  gint64 now = g_get_real_time () / (60 * second) * 60 * second;
  PgmStore *store = open_store (self);
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);

  start_job (store, "one");
  for (gint64 age = 0; age < 2 * 3600; age += 10)
    {
      snapshot->timestamp = now - age * second;
      snapshot->total_rows = (guint64) age;
      pgm_store_metric (store, "one", snapshot);
      if (age % 1000 == 0)
        pgm_store_flush (store);
    }
  snapshot->timestamp = now - 31 * 24 * hour;
  pgm_store_metric (store, "one", snapshot);
  pgm_store_flush (store);
  g_assert_cmpuint (count_metrics (self, 0, 0), ==, 721);
  pgm_store_thin_metrics (store, "one");
  pgm_store_flush (store);
  g_assert_cmpuint (count_metrics (self, now - hour + 70 * second, 0), ==, 354);
  g_assert_cmpuint (count_metrics (self, now - 2 * hour, now - hour - second), ==, 60);
  g_assert_cmpuint (count_metrics (self, 0, now - 3 * hour), ==, 0);
  pgm_store_job_forget (store, "one");
  pgm_store_flush (store);
  g_assert_cmpuint (count_metrics (self, 0, 0), ==, 0);
  pgm_record_unref (snapshot);
  g_object_unref (store);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("history", test_history);
  ADD ("modes", test_modes);
  ADD ("nothing-there", test_nothing_there);
  ADD ("lost-and-pruned", test_lost_and_pruned);
  ADD ("cut", test_cut);
  ADD ("flipped", test_flipped);
  ADD ("not-a-database", test_not_a_database);
  ADD ("newer", test_newer);
  ADD ("full-disk", test_full_disk);
  ADD ("no-directory", test_no_directory);
  ADD ("never-blocks", test_never_blocks);
  ADD ("made-twice", test_made_twice);
  ADD ("kept-jobs", test_kept_jobs);
  ADD ("metrics", test_metrics);
  return g_test_run ();
}
