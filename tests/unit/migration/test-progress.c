/* The moving numbers: sums, rates, what is shared between pictures, and what a
 * journal hears. */
#include "migration/progress.h"

/* A journal that counts. */
#define TEST_TYPE_JOURNAL (test_journal_get_type ())
G_DECLARE_FINAL_TYPE (TestJournal, test_journal, TEST, JOURNAL, GObject)

struct _TestJournal
{
  GObject parent_instance;
  int phases;
  int events;
  int tables;
};

static void
count_phase (PgmJournal *journal, const char *job_id, PgmPhase phase)
{
  g_atomic_int_inc (&TEST_JOURNAL (journal)->phases);
}

static void
count_event (PgmJournal *journal, const char *job_id, const char *type, const char *message)
{
  g_atomic_int_inc (&TEST_JOURNAL (journal)->events);
}

static void
count_table (PgmJournal *journal, const char *job_id, const PgmTableProgress *table)
{
  g_atomic_int_inc (&TEST_JOURNAL (journal)->tables);
}

static void
test_journal_iface_init (PgmJournalInterface *iface)
{
  iface->phase = count_phase;
  iface->event = count_event;
  iface->table = count_table;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestJournal,
                               test_journal,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (PGM_TYPE_JOURNAL, test_journal_iface_init))

static void
test_journal_class_init (TestJournalClass *class)
{
}

static void
test_journal_init (TestJournal *self)
{
}

static void
bump (PgmProgress *progress, guint table, guint64 rows, guint64 bytes)
{
  PgmProgressCounters *counters = pgm_progress_get_counters (progress, table);

  __atomic_fetch_add (&counters->rows, rows, __ATOMIC_RELAXED);
  __atomic_fetch_add (&counters->bytes, bytes, __ATOMIC_RELAXED);
}

static void
test_life (void)
{
  TestJournal *journal = g_object_new (TEST_TYPE_JOURNAL, NULL);
  g_autoptr (PgmProgress) progress = pgm_progress_new ("job-1", "clone", PGM_JOURNAL (journal));
  g_autoptr (GError) error = g_error_new_literal (PGM_ERROR, PGM_ERROR_LOST, "it broke");
  PgmSnapshot *snapshot = pgm_progress_compose (progress);
  PgmPhaseEntry *entry;

  g_assert_cmpint (snapshot->phase, ==, PGM_PHASE_IDLE);
  g_assert_cmpfloat (snapshot->percent, ==, 0);
  g_assert_cmpfloat (snapshot->eta_sec, ==, -1);
  g_assert_cmpstr (snapshot->job_id, ==, "job-1");
  pgm_record_unref (snapshot);

  pgm_progress_set_phase (progress, PGM_PHASE_COPY);
  pgm_progress_set_phase (progress, PGM_PHASE_COPY);
  pgm_progress_set_activity (progress, "copying %d tables", 2);
  pgm_progress_event (progress, "warning", "%s", "look");
  pgm_progress_error (progress, error, TRUE);
  snapshot = pgm_progress_compose (progress);
  g_assert_cmpuint (snapshot->phases->len, ==, 1);
  entry = g_ptr_array_index (snapshot->phases, 0);
  g_assert_cmpint (entry->phase, ==, PGM_PHASE_COPY);
  g_assert_cmpint (entry->ended_at, ==, 0);
  g_assert_cmpint (ABS (entry->started_at - g_get_real_time ()), <, G_USEC_PER_SEC * 10);
  g_assert_cmpstr (snapshot->activity, ==, "copying 2 tables");
  g_assert_cmpuint (snapshot->events->len, ==, 3);
  g_assert_cmpint (snapshot->error_count, ==, 1);
  g_assert_cmpstr (snapshot->last_error, ==, "it broke");
  g_assert_cmpuint (snapshot->error_history->len, ==, 1);
  pgm_record_unref (snapshot);

  pgm_progress_set_phase (progress, PGM_PHASE_DONE);
  g_assert_cmpint (pgm_progress_get_phase (progress), ==, PGM_PHASE_DONE);
  snapshot = pgm_progress_compose (progress);
  g_assert_cmpuint (snapshot->phases->len, ==, 2);
  entry = g_ptr_array_index (snapshot->phases, 0);
  g_assert_cmpint (entry->ended_at, >=, entry->started_at);
  g_assert_cmpfloat (snapshot->percent, ==, 100);
  g_assert_cmpfloat (snapshot->eta_sec, ==, 0);
  g_assert_null (snapshot->activity);
  g_assert_cmpint (journal->phases, ==, 2);
  g_assert_cmpint (journal->events, ==, 4);
  pgm_record_unref (snapshot);
  g_object_unref (journal);
}

static PgmTableProgress *
table_of (PgmSnapshot *snapshot, guint index)
{
  return g_ptr_array_index (snapshot->tables, index);
}

static void
test_tables (void)
{
  TestJournal *journal = g_object_new (TEST_TYPE_JOURNAL, NULL);
  g_autoptr (PgmProgress) progress = pgm_progress_new ("job-1", "clone", PGM_JOURNAL (journal));
  guint big = pgm_progress_add_table (progress, "shop", "orders", 1000, 800 * 1024);
  guint empty = pgm_progress_add_table (progress, "shop", "empty", 0, 0);
  guint unknown = pgm_progress_add_table (progress, "shop", "unknown", -1, 8192);
  PgmSnapshot *snapshot;

  pgm_progress_set_phase (progress, PGM_PHASE_COPY);
  pgm_progress_table_status (progress, big, PGM_TABLE_COPYING);
  pgm_progress_table_status (progress, big, PGM_TABLE_COPYING);
  pgm_progress_table_status (progress, unknown, PGM_TABLE_COPYING);
  bump (progress, big, 250, 1000);
  bump (progress, unknown, 10, 4096);
  snapshot = pgm_progress_compose (progress);
  g_assert_cmpint (snapshot->tables_total, ==, 3);
  g_assert_cmpint (snapshot->tables_copied, ==, 0);
  g_assert_cmpuint (snapshot->total_rows, ==, 260);
  g_assert_cmpuint (snapshot->total_bytes, ==, 5096);
  g_assert_cmpfloat (table_of (snapshot, big)->percent, ==, 25);
  g_assert_cmpfloat (table_of (snapshot, unknown)->percent, ==, 50);
  g_assert_cmpfloat (table_of (snapshot, empty)->percent, ==, 0);
  g_assert_cmpfloat_with_epsilon (snapshot->percent, 25, 1);
  pgm_record_unref (snapshot);

  /* More rows than the estimate: never 100 before it is done. */
  bump (progress, big, 5000, 1000);
  snapshot = pgm_progress_compose (progress);
  g_assert_cmpfloat (table_of (snapshot, big)->percent, ==, 99);
  pgm_record_unref (snapshot);

  pgm_progress_table_status (progress, big, PGM_TABLE_COPIED);
  pgm_progress_table_status (progress, empty, PGM_TABLE_COPIED);
  snapshot = pgm_progress_compose (progress);
  g_assert_cmpint (snapshot->tables_copied, ==, 2);
  g_assert_cmpfloat (table_of (snapshot, empty)->percent, ==, 100);
  g_assert_cmpint (table_of (snapshot, big)->status, ==, PGM_TABLE_COPIED);
  pgm_record_unref (snapshot);
  g_assert_cmpint (journal->tables, ==, 4);

  pgm_progress_table_reset (progress, big);
  snapshot = pgm_progress_compose (progress);
  g_assert_cmpint (snapshot->tables_copied, ==, 1);
  g_assert_cmpuint (table_of (snapshot, big)->rows_copied, ==, 0);
  g_assert_cmpint (table_of (snapshot, big)->status, ==, PGM_TABLE_PENDING);
  g_assert_cmpuint (snapshot->total_rows, ==, 10);
  g_assert_cmpfloat (snapshot->rows_per_sec, >=, 0);
  pgm_record_unref (snapshot);
  g_object_unref (journal);
}

static void
test_indexes_and_units (void)
{
  g_autoptr (PgmProgress) clone = pgm_progress_new ("a", "clone", NULL);
  g_autoptr (PgmProgress) compare = pgm_progress_new ("b", "compare", NULL);
  guint table = pgm_progress_add_table (clone, "s", "t", 10, 1 << 20);
  PgmSnapshot *snapshot;

  pgm_progress_set_indexes (clone, 2);
  pgm_progress_table_status (clone, table, PGM_TABLE_COPIED);
  snapshot = pgm_progress_compose (clone);
  g_assert_cmpfloat_with_epsilon (snapshot->percent, 100 / 1.33, 0.5);
  pgm_record_unref (snapshot);
  pgm_progress_index_done (clone);
  pgm_progress_index_done (clone);
  snapshot = pgm_progress_compose (clone);
  g_assert_cmpint (snapshot->indexes_done, ==, 2);
  g_assert_cmpfloat_with_epsilon (snapshot->percent, 99.9, 0.001);
  pgm_record_unref (snapshot);

  pgm_progress_set_units (compare, 30, 120);
  snapshot = pgm_progress_compose (compare);
  g_assert_cmpfloat (snapshot->percent, ==, 25);
  pgm_record_unref (snapshot);
}

/* 10,000 rows each 20 ms or so: about 500,000 rows/s, whatever the machine does,
 * since both are measured by the same clock. */
static void
test_rates (void)
{
  g_autoptr (PgmProgress) progress = pgm_progress_new ("a", "clone", NULL);
  guint table = pgm_progress_add_table (progress, "s", "t", 10000000, 1 << 30);
  PgmSnapshot *snapshot = pgm_progress_compose (progress);
  gint64 started = g_get_monotonic_time ();
  double seconds, rate;

  pgm_record_unref (snapshot);
  pgm_progress_table_status (progress, table, PGM_TABLE_COPYING);
  for (int i = 0; i < 40; i++)
    {
      g_usleep (20000);
      bump (progress, table, 10000, 1000000);
      /* Being looked at often does not change the rate. */
      pgm_record_unref (pgm_progress_compose (progress));
    }
  seconds = (double) (g_get_monotonic_time () - started) / G_USEC_PER_SEC;
  snapshot = pgm_progress_compose (progress);
  rate = 400000 / seconds;
  g_test_message ("%f of %f rows/s, ETA %f s", snapshot->rows_per_sec, rate, snapshot->eta_sec);
  g_assert_cmpfloat (snapshot->rows_per_sec, >, rate * 0.8);
  g_assert_cmpfloat (snapshot->rows_per_sec, <, rate * 1.2);
  g_assert_cmpfloat_with_epsilon (snapshot->bytes_per_sec, snapshot->rows_per_sec * 100,
                                  snapshot->rows_per_sec);
  /* 4 % are done in this time, so 96 % take 24 times as long. */
  g_assert_cmpfloat (snapshot->eta_sec, >, seconds * 24 * 0.8);
  g_assert_cmpfloat (snapshot->eta_sec, <, seconds * 24 * 1.2);
  pgm_record_unref (snapshot);
}

/* Time before the copy is none of the copy's, and from next to nothing no time
 * left is guessed. */
static void
test_first_rates (void)
{
  g_autoptr (PgmProgress) progress = pgm_progress_new ("a", "clone", NULL);
  guint table = pgm_progress_add_table (progress, "s", "t", 1000000, 1 << 30);
  PgmSnapshot *snapshot;
  gint64 started;
  double seconds;

  pgm_progress_set_phase (progress, PGM_PHASE_SCHEMA);
  pgm_record_unref (pgm_progress_compose (progress));
  g_usleep (600000);
  pgm_record_unref (pgm_progress_compose (progress));
  started = g_get_monotonic_time ();
  pgm_progress_set_phase (progress, PGM_PHASE_COPY);
  pgm_progress_table_status (progress, table, PGM_TABLE_COPYING);

  bump (progress, table, 1000, 100000);
  snapshot = pgm_progress_compose (progress);
  g_assert_cmpfloat (snapshot->eta_sec, ==, -1);
  pgm_record_unref (snapshot);

  g_usleep (150000);
  bump (progress, table, 99000, 9900000);
  snapshot = pgm_progress_compose (progress);
  seconds = (double) (g_get_monotonic_time () - started) / G_USEC_PER_SEC;
  g_assert_cmpfloat (snapshot->rows_per_sec, >, 100000 / seconds * 0.8);
  g_assert_cmpfloat (snapshot->eta_sec, >, 0);
  g_assert_cmpfloat (snapshot->eta_sec, <, seconds * 9 * 1.3);
  pgm_record_unref (snapshot);
}

static void
test_bounds (void)
{
  g_autoptr (PgmProgress) progress = pgm_progress_new ("a", "clone", NULL);
  PgmSnapshot *snapshot;

  for (int i = 0; i < 1000; i++)
    pgm_progress_event (progress, "event", "%d", i);
  snapshot = pgm_progress_compose (progress);
  g_assert_cmpuint (snapshot->events->len, ==, 200);
  g_assert_cmpstr (((PgmEvent *) g_ptr_array_index (snapshot->events, 199))->message, ==, "999");
  pgm_record_unref (snapshot);
}

/* R19: unchanged tables are the same records in every picture, and a picture of
 * 10,000 of them costs a few milliseconds. */
static void
test_many_tables (void)
{
  g_autoptr (PgmProgress) progress = pgm_progress_new ("a", "clone", NULL);
  PgmSnapshot *before, *after;
  gint64 best = G_MAXINT64;

  for (int i = 0; i < 10000; i++)
    {
      g_autofree char *name = g_strdup_printf ("table_%d", i);

      pgm_progress_add_table (progress, "public", name, 100, 8192);
    }
  before = pgm_progress_compose (progress);
  pgm_progress_table_status (progress, 5000, PGM_TABLE_COPYING);
  bump (progress, 5000, 1, 100);
  after = pgm_progress_compose (progress);
  for (guint i = 0; i < 10000; i++)
    g_assert_true ((table_of (before, i) == table_of (after, i)) == (i != 5000));
  pgm_record_unref (before);
  pgm_record_unref (after);

  for (int i = 0; i < 20; i++)
    {
      gint64 started = g_get_monotonic_time ();

      pgm_record_unref (pgm_progress_compose (progress));
      best = MIN (best, g_get_monotonic_time () - started);
    }
  g_test_message ("%" G_GINT64_FORMAT " µs", best);
  g_assert_cmpint (best, <, 5000);
}

static gpointer
work (gpointer data)
{
  PgmProgress *progress = data;

  for (guint table = 0; table < 8; table++)
    {
      pgm_progress_table_status (progress, table, PGM_TABLE_COPYING);
      for (int i = 0; i < 20000; i++)
        bump (progress, table, 1, 10);
      pgm_progress_event (progress, "event", "part of %u", table);
      pgm_progress_table_status (progress, table, PGM_TABLE_COPIED);
      pgm_progress_index_done (progress);
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (PgmProgress) progress = pgm_progress_new ("a", "clone", NULL);
  GThread *threads[4];
  PgmSnapshot *snapshot;

  for (int i = 0; i < 8; i++)
    pgm_progress_add_table (progress, "s", "t", 80000, 1 << 20);
  pgm_progress_set_indexes (progress, 32);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("work", work, progress);
  for (int i = 0; i < 50; i++)
    pgm_record_unref (pgm_progress_compose (progress));
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  snapshot = pgm_progress_compose (progress);
  g_assert_cmpuint (snapshot->total_rows, ==, 8 * 4 * 20000);
  g_assert_cmpuint (snapshot->total_bytes, ==, 8 * 4 * 200000);
  g_assert_cmpint (snapshot->indexes_done, ==, 32);
  g_assert_cmpint (snapshot->tables_copied, ==, 8);
  pgm_record_unref (snapshot);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/migration/progress/life", test_life);
  g_test_add_func ("/migration/progress/tables", test_tables);
  g_test_add_func ("/migration/progress/indexes-and-units", test_indexes_and_units);
  g_test_add_func ("/migration/progress/rates", test_rates);
  g_test_add_func ("/migration/progress/first-rates", test_first_rates);
  g_test_add_func ("/migration/progress/bounds", test_bounds);
  g_test_add_func ("/migration/progress/many-tables", test_many_tables);
  g_test_add_func ("/migration/progress/threads", test_threads);
  return g_test_run ();
}
