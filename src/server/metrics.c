#include "server/metrics.h"

#include <dirent.h>
#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"

/* A number of a job's newest snapshot. */
typedef struct
{
  const char *name;
  const char *type;
  const char *help;
  PgmFieldKind kind;
  gsize offset;
  gboolean following; /* means something only while changes are followed */
} JobMetric;

#define NUMBER(name, type, KIND, member, following, help)                                          \
  {                                                                                                \
    "pgmanager_job_" name, type, help, PGM_FIELD_##KIND, G_STRUCT_OFFSET (PgmSnapshot, member),    \
        following                                                                                  \
  }
#define GAUGE(name, KIND, member, help)   NUMBER (name, "gauge", KIND, member, FALSE, help)
#define COUNTER(name, KIND, member, help) NUMBER (name, "counter", KIND, member, FALSE, help)

static const JobMetric job_metrics[] = {
  GAUGE ("elapsed_seconds", DOUBLE, elapsed_sec, "Time since the job began."),
  GAUGE ("progress_percent", DOUBLE, percent, "Progress of the whole job, 0 to 100."),
  GAUGE ("tables", INT64, tables_total, "Tables that the job is about."),
  GAUGE ("tables_copied", INT64, tables_copied, "Tables that have been copied."),
  GAUGE ("indexes", INT64, indexes_total, "Indexes that the job is to build."),
  GAUGE ("indexes_built", INT64, indexes_done, "Indexes that have been built."),
  COUNTER ("rows_copied_total", UINT64, total_rows, "Rows that have been copied."),
  COUNTER ("copied_bytes_total", UINT64, total_bytes, "Bytes of COPY data that have been copied."),
  GAUGE ("rows_per_second", DOUBLE, rows_per_sec, "Rows copied or applied a second, just now."),
  GAUGE ("bytes_per_second", DOUBLE, bytes_per_sec, "Bytes copied or applied a second, just now."),
  COUNTER ("errors_total", INT64, error_count, "Errors, those that were got over included."),
  NUMBER ("replication_lag_bytes",
          "gauge",
          UINT64,
          lag_bytes,
          TRUE,
          "WAL of the source that isn't applied on the destination yet."),
  NUMBER ("replication_lag_seconds",
          "gauge",
          DOUBLE,
          lag_sec,
          TRUE,
          "Age of the newest applied commit while behind, 0 when caught up."),
  NUMBER ("transactions_applied_total",
          "counter",
          UINT64,
          transactions,
          TRUE,
          "Transactions of the source that have been applied."),
  NUMBER ("changes_applied_total",
          "counter",
          UINT64,
          changes,
          TRUE,
          "Changed rows of the source that have been applied."),
  NUMBER ("slot_retained_bytes",
          "gauge",
          UINT64,
          retained_bytes,
          TRUE,
          "WAL that the source keeps for the replication slot."),
  NUMBER ("slot_safe_wal_bytes",
          "gauge",
          INT64,
          retained_limit,
          TRUE,
          "WAL that can be written until the slot may be lost, -1 when there is no limit."),
  NUMBER ("slot_xmin_age",
          "gauge",
          INT64,
          xmin_age,
          TRUE,
          "Transactions that the slot holds back from VACUUM."),
};

static void
write_head (GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
write_number (GString *text, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value))
    g_string_append (text, "NaN\n");
  else if (isinf (value))
    g_string_append (text, value > 0 ? "+Inf\n" : "-Inf\n");
  else
    g_string_append_printf (text, "%s\n", g_ascii_dtostr (buffer, sizeof buffer, value));
}

/* The name of a label's value may hold anything. */
static void
write_label (GString *text, const char *name, const char *value, gboolean first)
{
  g_string_append_printf (text, "%s%s=\"", first ? "" : ",", name);
  for (; *value != '\0'; value++)
    if (*value == '\n')
      g_string_append (text, "\\n");
    else if (*value == '"' || *value == '\\')
      g_string_append_printf (text, "\\%c", *value);
    else
      g_string_append_c (text, *value);
  g_string_append_c (text, '"');
}

static double
read_number (const JobMetric *metric, const PgmSnapshot *snapshot)
{
  gconstpointer place = (const char *) snapshot + metric->offset;

  if (metric->kind == PGM_FIELD_DOUBLE)
    return *(const double *) place;
  if (metric->kind == PGM_FIELD_INT64)
    return (double) *(const gint64 *) place;
  return (double) *(const guint64 *) place;
}

static gboolean
is_following (const PgmSnapshot *snapshot)
{
  return snapshot->confirmed_lsn != 0 || snapshot->slot_status != NULL;
}

static void
write_job_labels (GString *text, const PgmHubJob *job)
{
  g_string_append_c (text, '{');
  write_label (text, "job", job->id, TRUE);
  if (job->snapshot->kind != NULL)
    write_label (text, "kind", job->snapshot->kind, FALSE);
}

static void
write_job_metric (GString *text, const JobMetric *metric, PgmHub *hub)
{
  PgmHubJob job;
  gboolean headed = FALSE;

  for (guint i = 0; pgm_hub_get_job (hub, i, &job); i++)
    {
      if (metric->following && !is_following (job.snapshot))
        continue;
      if (!headed)
        write_head (text, metric->name, metric->type, metric->help);
      headed = TRUE;
      g_string_append (text, metric->name);
      write_job_labels (text, &job);
      g_string_append (text, "} ");
      write_number (text, read_number (metric, job.snapshot));
    }
}

/* As node_systemd_unit_state does it: one line for what is so. */
static void
write_phases (GString *text, PgmHub *hub)
{
  PgmHubJob job;

  for (guint i = 0; pgm_hub_get_job (hub, i, &job); i++)
    {
      if (i == 0)
        write_head (text, "pgmanager_job_phase", "gauge", "The phase that a job is in.");
      g_string_append (text, "pgmanager_job_phase");
      write_job_labels (text, &job);
      write_label (text, "phase", pgm_phase_names[job.snapshot->phase], FALSE);
      g_string_append (text, "} 1\n");
    }
}

static guint
count_jobs (PgmHub *hub, int outcome)
{
  PgmHubJob job;
  guint count = 0;

  for (guint i = 0; pgm_hub_get_job (hub, i, &job); i++)
    count += (job.report == NULL ? -1 : job.report->outcome) == outcome ? 1 : 0;
  return count;
}

static void
write_jobs (GString *text, PgmHub *hub)
{
  write_head (text, "pgmanager_jobs", "gauge",
              "Jobs of this process by state; of those that have ended, the newest.");
  for (int outcome = -1; outcome < 0 || pgm_outcome_names[outcome] != NULL; outcome++)
    g_string_append_printf (text, "pgmanager_jobs{state=\"%s\"} %u\n",
                            outcome < 0 ? "running" : pgm_outcome_names[outcome],
                            count_jobs (hub, outcome));
  for (gsize i = 0; i < G_N_ELEMENTS (job_metrics); i++)
    write_job_metric (text, &job_metrics[i], hub);
  write_phases (text, hub);
}

static void
write_plain (GString *text, const char *name, const char *type, const char *help, double value)
{
  write_head (text, name, type, help);
  g_string_append_printf (text, "%s ", name);
  write_number (text, value);
}

static int
count_descriptors (void)
{
  DIR *directory = opendir ("/proc/self/fd");
  int count = -3; /* the two dots, and the one that looks */

  if (directory == NULL)
    return -1;
  while (readdir (directory) != NULL)
    count++;
  closedir (directory);
  return count;
}

/* Of /proc/self/stat: what stands behind the name of the program (proc(5)). */
#define STAT_UTIME     11
#define STAT_STIME     12
#define STAT_STARTTIME 19
#define STAT_VSIZE     20
#define STAT_RSS       21
#define STAT_FIELDS    22

static gboolean
read_stat (guint64 fields[STAT_FIELDS])
{
  g_autofree char *stat = NULL;
  g_auto (GStrv) parts = NULL;
  const char *behind;

  if (!g_file_get_contents ("/proc/self/stat", &stat, NULL, NULL) ||
      (behind = strrchr (stat, ')')) == NULL)
    return FALSE;
  parts = g_strsplit (behind + 2, " ", -1);
  if (g_strv_length (parts) < STAT_FIELDS)
    return FALSE;
  for (guint i = 0; i < STAT_FIELDS; i++)
    fields[i] = g_ascii_strtoull (parts[i], NULL, 10);
  return TRUE;
}

/* When the machine was started, in seconds since the epoch. */
static double
read_boot_time (void)
{
  g_autofree char *stat = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/stat", &stat, NULL, NULL) ||
      (line = strstr (stat, "\nbtime ")) == NULL)
    return 0;
  return (double) g_ascii_strtoull (line + 7, NULL, 10);
}

static void
write_process (GString *text)
{
  guint64 stat[STAT_FIELDS];
  double ticks = (double) sysconf (_SC_CLK_TCK);
  struct rlimit limit;

  if (!read_stat (stat))
    return;
  write_plain (text, "process_cpu_seconds_total", "counter",
               "Total user and system CPU time spent in seconds.",
               (double) (stat[STAT_UTIME] + stat[STAT_STIME]) / ticks);
  write_plain (text, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
               (double) stat[STAT_RSS] * (double) sysconf (_SC_PAGESIZE));
  write_plain (text, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
               (double) stat[STAT_VSIZE]);
  write_plain (text, "process_start_time_seconds", "gauge",
               "Start time of the process since unix epoch in seconds.",
               read_boot_time () + (double) stat[STAT_STARTTIME] / ticks);
  write_plain (text, "process_open_fds", "gauge", "Number of open file descriptors.",
               count_descriptors ());
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    write_plain (text, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
                 (double) limit.rlim_cur);
}

char *
pgm_metrics_write (PgmHub *hub)
{
  GString *text = g_string_sized_new (8192);

  write_head (text, "pgmanager_build_info", "gauge", "The version of pgmanager.");
  g_string_append_printf (text, "pgmanager_build_info{version=\"%s\"} 1\n", PGM_VERSION);
  write_jobs (text, hub);
  write_plain (text, "pgmanager_websocket_listeners", "gauge",
               "WebSockets over which somebody listens.", pgm_hub_count_listeners (hub));
  write_process (text);
  return g_string_free (text, FALSE);
}
