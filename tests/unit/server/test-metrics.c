/* The text for Prometheus: every number has its HELP and TYPE before it, each name once,
 * and what a job says is there. */
#include "server/metrics.h"

#include <string.h>

static PgmSnapshot *
make_snapshot (guint64 rows)
{
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);

  snapshot->phase = PGM_PHASE_STREAMING;
  snapshot->kind = g_strdup ("follow");
  snapshot->total_rows = rows;
  snapshot->lag_bytes = 12345;
  snapshot->lag_sec = 1.5;
  snapshot->retained_limit = -1;
  return snapshot;
}

static char *
write_metrics (PgmHub *hub)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return pgm_metrics_write (hub);
}

static void
put (PgmHub *hub, const char *id, PgmSnapshot *snapshot, PgmReport *report)
{
  pgm_hub_put (hub, id, snapshot, report);
  pgm_record_unref (snapshot);
  pgm_record_unref (report);
}

/* Exposition formats: "# HELP name text", "# TYPE name type", then its samples. */
static void
check_format (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GRegex) sample = g_regex_new (
      "^([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{[a-z_]+=\"(?:[^\"\\\\]|\\\\.)*\"(?:,[a-z_]+=\"(?:[^\"\\\\]"
      "|\\\\.)*\")*\\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$",
      0, 0, NULL);
  g_autofree char *name = NULL;

  g_assert_true (g_str_has_suffix (text, "\n"));
  for (guint i = 0; *lines[i] != '\0'; i++)
    {
      g_autoptr (GMatchInfo) match = NULL;

      g_test_message ("%s", lines[i]);
      if (g_str_has_prefix (lines[i], "# HELP "))
        {
          g_auto (GStrv) help = g_strsplit (lines[i], " ", 4);
          g_auto (GStrv) type = g_strsplit (lines[i + 1], " ", 4);

          g_assert_cmpuint (strlen (help[3]), >, 5);
          g_assert_cmpstr (type[1], ==, "TYPE");
          g_assert_cmpstr (type[2], ==, help[2]);
          g_assert_true (g_str_equal (type[3], "gauge") || g_str_equal (type[3], "counter"));
          g_assert_cmpint (g_str_has_suffix (help[2], "_total"), ==,
                           g_str_equal (type[3], "counter"));
          g_free (name);
          name = g_strdup (help[2]);
          g_assert_true (g_hash_table_add (seen, g_strdup (name)));
          i++;
          continue;
        }
      g_assert_true (g_regex_match (sample, lines[i], 0, &match));
      {
        g_autofree char *found = g_match_info_fetch (match, 1);

        g_assert_cmpstr (found, ==, name);
      }
    }
}

static void
test_empty (void)
{
  PgmHub *hub = pgm_hub_new (g_main_context_default ());
  g_autofree char *text = write_metrics (hub);

  check_format (text);
  g_assert_nonnull (strstr (text, "\npgmanager_jobs{state=\"running\"} 0\n"));
  g_assert_nonnull (strstr (text, "\nprocess_cpu_seconds_total "));
  g_assert_nonnull (strstr (text, "\nprocess_start_time_seconds 1"));
  g_assert_nonnull (strstr (text, "\nprocess_resident_memory_bytes "));
  g_assert_nonnull (strstr (text, "\nprocess_open_fds "));
  g_assert_null (strstr (text, "pgmanager_job_"));
  pgm_hub_close (hub);
  pgm_hub_free (hub);
}

static void
test_jobs (void)
{
  PgmHub *hub = pgm_hub_new (g_main_context_default ());
  PgmSnapshot *following = make_snapshot (42);
  PgmReport *report = pgm_record_new (&pgm_report_type);
  g_autofree char *text = NULL;

  following->slot_status = g_strdup ("reserved");
  report->outcome = PGM_OUTCOME_FAILED;
  put (hub, "follow-1", following, NULL);
  put (hub, "odd\"\\\n", make_snapshot (7), report);
  text = write_metrics (hub);
  check_format (text);
  g_assert_nonnull (strstr (text, "pgmanager_jobs{state=\"running\"} 1\n"));
  g_assert_nonnull (strstr (text, "pgmanager_jobs{state=\"failed\"} 1\n"));
  g_assert_nonnull (
      strstr (text, "pgmanager_job_rows_copied_total{job=\"follow-1\",kind=\"follow\"} 42\n"));
  g_assert_nonnull (strstr (text, "{job=\"odd\\\"\\\\\\n\",kind=\"follow\"} 7\n"));
  g_assert_nonnull (strstr (
      text, "pgmanager_job_replication_lag_bytes{job=\"follow-1\",kind=\"follow\"} 12345\n"));
  g_assert_nonnull (strstr (
      text, "pgmanager_job_replication_lag_seconds{job=\"follow-1\",kind=\"follow\"} 1.5\n"));
  /* One that follows nothing has no lag of 0 either. */
  g_assert_null (strstr (text, "replication_lag_bytes{job=\"odd"));
  g_assert_nonnull (strstr (
      text, "pgmanager_job_phase{job=\"follow-1\",kind=\"follow\",phase=\"streaming\"} 1\n"));
  pgm_hub_close (hub);
  pgm_hub_free (hub);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/metrics/empty", test_empty);
  g_test_add_func ("/server/metrics/jobs", test_jobs);
  return g_test_run ();
}
