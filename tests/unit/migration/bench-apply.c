/* How fast the applier is alone: a backlog of a real slot is decoded beforehand,
 * and only its way from the channel into the destination is measured.
 *
 *   bench-apply tpcb|wide|bulk [SIZE [FOLD_BYTES]]
 *   bench-apply latency
 *
 * SIZE: transactions, for bulk rows. Latency: from a transaction's way into the channel
 * to its commit here, fifty a second. Prints one line: seconds, changes a second,
 * CPU seconds of this process and of the destination's server process. Built on
 * demand only: ninja tests/unit/migration/bench-apply. */

#include <string.h>
#include <sys/resource.h>

#include <glib/gstdio.h>

#include "flow.h"

typedef struct
{
  const char *name;
  const char *schema;
  const char *script; /* one pgbench transaction */
  const char *load;   /* instead of pgbench; SIZE follows */
  guint size;
} Workload;

static const Workload workloads[] = {
  { "tpcb",
    "CREATE TABLE accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));"
    "CREATE TABLE branches (bid int PRIMARY KEY, bbalance int, filler char(88));"
    "CREATE TABLE tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));"
    "CREATE TABLE history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));"
    "INSERT INTO accounts SELECT i, i / 100000, 0, '' FROM generate_series(1, 1000000) i;"
    "INSERT INTO branches SELECT i, 0 FROM generate_series(1, 10) i; INSERT INTO tellers SELECT i, i / 10, 0 FROM generate_series(1, 100) i",
    "\\set aid random(1, 1000000)\n\\set bid random(1, 10)\n\\set tid random(1, 100)\n\\set delta random(-5000, 5000)\n"
    "BEGIN;UPDATE accounts SET abalance = abalance + :delta WHERE aid = :aid;"
    "UPDATE tellers SET tbalance = tbalance + :delta WHERE tid = :tid;UPDATE branches SET bbalance = bbalance + :delta WHERE bid = :bid;"
    "INSERT INTO history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);END;\n",
    NULL, 100000 },
  { "wide",
    "CREATE TABLE wide (id int PRIMARY KEY, a text, b text, c text, d numeric, e timestamptz, f jsonb, g int, h int, i int);"
    "INSERT INTO wide SELECT i, repeat(md5(i::text), 4), md5(i::text), md5(i::text), i, '2020-01-01', '{\"a\": 1, \"b\": [1, 2, 3]}', i, i, i"
    " FROM generate_series(1, 200000) i",
    "\\set one random(1, 200000)\n\\set two random(1, 200000)\nBEGIN;UPDATE wide SET g = g + 1, a = reverse(a) WHERE id = :one;"
    "UPDATE wide SET h = h + 1, d = d + 1 WHERE id = :two;END;\n",
    NULL, 100000 },
  { "bulk", "CREATE TABLE bulk (id int PRIMARY KEY, a text, b numeric, c timestamptz)", NULL,
    "INSERT INTO bulk SELECT i, md5(i::text), i * 1.5, now() FROM generate_series(1, ", 1000000 },
};

static const Workload *
find_workload (const char *name)
{
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (workloads); i++)
    if (g_str_equal (workloads[i].name, name))
      return &workloads[i];
  g_error ("which of tpcb, wide, bulk?");
}

static void
make_backlog (PgmFlow *flow, const Workload *workload, guint size)
{
  g_autofree char *program =
      g_build_filename (pgm_test_cluster_get_bindir (flow->source), "pgbench", NULL);
  g_autofree char *file = g_strdup ("/var/tmp/bench-apply-XXXXXX");
  g_autofree char *each = g_strdup_printf ("%u", size / 4);
  const char *arguments[] = { program,
                              "-n",
                              "-c",
                              "4",
                              "-M",
                              "prepared",
                              "-t",
                              each,
                              "-f",
                              NULL,
                              pgm_test_cluster_get_socket_uri (flow->source, flow->database),
                              NULL };
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (workload->load != NULL)
    {
      g_autofree char *sql = g_strdup_printf ("%s%u) i", workload->load, size);
      pgm_flow_source (flow, sql);
      return;
    }
  g_assert_cmpint (g_mkstemp (file), >=, 0);
  g_assert_true (g_file_set_contents (file, workload->script, -1, &error));
  arguments[9] = file;
  g_assert_true (g_spawn_sync (NULL, (char **) (gpointer) arguments, NULL,
                               G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status,
                               &error));
  g_assert_cmpint (status, ==, 0);
  (void) g_remove (file);
}

static double
own_cpu (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) usage.ru_utime.tv_sec + (double) usage.ru_stime.tv_sec +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Of the server processes that have ended. */
static double
server_cpu (PgmTestCluster *cluster)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%d/stat", (int) pgm_test_cluster_get_pid (cluster));
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  fields = g_strsplit (strrchr (text, ')'), " ", -1);
  return (g_ascii_strtod (fields[14], NULL) + g_ascii_strtod (fields[15], NULL)) / 100;
}

static gpointer
run_applier (gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!pgm_applier_run (data, NULL, &error))
    g_error ("%s", error->message);
  return NULL;
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 one = *(const gint64 *) a;
  gint64 other = *(const gint64 *) b;

  return (one > other) - (one < other);
}

/* One transaction goes in, and is waited for. */
static void
measure_latency (PgmFlow *flow, GPtrArray *batches)
{
  g_autoptr (PgmChannel) channel = pgm_channel_new (0, 0, (GDestroyNotify) pgm_change_batch_free);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (PgmApplier) applier = NULL;
  GThread *thread = NULL;

  pgm_flow_open (flow);
  flow->options.ends = flow->ends;
  flow->options.changes = channel;
  applier = pgm_applier_new (&flow->options);
  thread = g_thread_new ("apply", run_applier, applier);
  g_ptr_array_set_free_func (batches, NULL);
  for (guint i = 0; i < batches->len; i++)
    {
      PgmChangeBatch *batch = g_ptr_array_index (batches, i);
      PgmChange last = { 0 };
      gint64 begin = g_get_monotonic_time ();

      if (batch->changes->len > 0)
        last = g_array_index (batch->changes, PgmChange, batch->changes->len - 1);
      g_assert_cmpint (pgm_channel_push (channel, batch, batch->bytes, -1, NULL), ==,
                       PGM_CHANNEL_OK);
      if (last.kind != PGM_CHANGE_COMMIT)
        continue;
      while (pgm_applier_get_applied (applier) < last.commit.end_lsn)
        g_usleep (20);
      begin = g_get_monotonic_time () - begin;
      g_array_append_val (times, begin);
      g_usleep (20 * 1000);
    }
  pgm_channel_close (channel);
  g_thread_join (thread);
  g_array_sort (times, compare_times);
  g_print ("latency: %u transactions, p50 %.2f ms, p99 %.2f ms\n", times->len,
           (double) g_array_index (times, gint64, times->len / 2) / 1000,
           (double) g_array_index (times, gint64, times->len * 99 / 100) / 1000);
}

int
main (int argc, char **argv)
{
  gboolean latency = argc > 1 && g_str_equal (argv[1], "latency");
  const Workload *workload = find_workload (latency ? "tpcb" : argv[1]);
  guint size = latency    ? 500
               : argc > 2 ? (guint) g_ascii_strtoull (argv[2], NULL, 10)
                          : workload->size;
  g_autoptr (PgmTestCluster) source = pgm_test_cluster_new_full (
      0, NULL, "max_wal_size = '8GB'\nshared_buffers = '512MB'\nsynchronous_commit = off",
      PGM_TEST_CLUSTER_DEFAULT, NULL);
  g_autoptr (PgmTestCluster) destination = pgm_test_cluster_new_full (
      0, NULL, "max_wal_size = '8GB'\nshared_buffers = '512MB'", PGM_TEST_CLUSTER_DEFAULT, NULL);
  g_autoptr (PgmFlow) flow = pgm_flow_new (source, destination, "bench", workload->schema, NULL);
  g_autoptr (GPtrArray) batches = NULL;
  struct rusage usage;
  gint64 begin = 0;
  double cpu = 0;
  double server = 0;

  if (argc > 3)
    flow->options.max_fold_bytes = g_ascii_strtoull (argv[3], NULL, 10);
  make_backlog (flow, workload, size);
  /* A slot says only what is flushed. */
  pgm_flow_source (flow,
                   "SET synchronous_commit = on; SELECT pg_logical_emit_message(true, 'test', '')");
  pgm_flow_destination (flow, "VACUUM ANALYZE; CHECKPOINT");
  flow->batch_bytes = latency ? 1 : 256 * 1024;
  batches = pgm_flow_read (flow);
  if (latency)
    {
      measure_latency (flow, batches);
      return 0;
    }
  cpu = own_cpu ();
  server = server_cpu (destination);
  begin = g_get_monotonic_time ();
  {
    g_autoptr (GError) error = NULL;
    if (!pgm_flow_apply_batches (flow, batches, &error))
      g_error ("%s", error->message);
  }
  begin = g_get_monotonic_time () - begin;
  getrusage (RUSAGE_SELF, &usage);
  g_usleep (G_USEC_PER_SEC / 2);
  g_print (
      "%s: %.2f s, %u transactions, %u folds, %u changes, CPU %.2f s here, %.2f s there, resident %ld MiB\n",
      workload->name, (double) begin / 1e6, (guint) flow->stats.transactions,
      (guint) flow->stats.folds,
      (guint) (flow->stats.inserts + flow->stats.updates + flow->stats.deletes), own_cpu () - cpu,
      server_cpu (destination) - server, usage.ru_maxrss / 1024);
  pgm_flow_assert_equal (flow);
  return 0;
}
