#include "store/store.h"

#include "store/kept-jobs.h"
#include "store/paths.h"
#include "store/writer.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#define KEPT_JOBS "500"
/* Of metrics: every one; one of each minute. */
#define FINE_US (G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC)
#define KEPT_US (G_GINT64_CONSTANT (30) * 24 * 3600 * G_USEC_PER_SEC)
/* Of one event; a server may say more than is worth keeping. */
#define MAX_MESSAGE 8192

struct _PgmStore
{
  GObject parent_instance;
  PgmClusters *clusters;
  PgmConfig *config; /* atomic; the first one is what @directory is from */
  GPtrArray *configs;
  char *directory;
  char *path;
  PgmWriter *writer; /* NULL: degraded from the start, for @problem */
  char *problem;
};

G_DEFINE_FINAL_TYPE (PgmStore, pgm_store, G_TYPE_OBJECT)

static void
pgm_store_finalize (GObject *object)
{
  PgmStore *self = PGM_STORE (object);

  pgm_writer_free (self->writer);
  pgm_clusters_free (self->clusters);
  g_ptr_array_unref (self->configs);
  g_free (self->directory);
  g_free (self->path);
  g_free (self->problem);
  G_OBJECT_CLASS (pgm_store_parent_class)->finalize (object);
}

static void
pgm_store_class_init (PgmStoreClass *class)
{
  G_OBJECT_CLASS (class)->finalize = pgm_store_finalize;
}

static void
pgm_store_init (PgmStore *self)
{
}

static gboolean
process_is_gone (gint64 pid)
{
  /* Our own number is that of a process before us: we have no job yet. */
  return pid <= 0 || pid == getpid () || (kill ((pid_t) pid, 0) != 0 && errno == ESRCH);
}

/* Jobs whose process ended without a word. */
static gboolean
mark_lost_jobs (PgmDatabase *database, GError **error)
{
  sqlite3_stmt *running = pgm_database_prepare (
      database, "SELECT DISTINCT pid FROM job WHERE status = 'running'", error);
  g_autoptr (GArray) gone = g_array_new (FALSE, FALSE, sizeof (gint64));
  sqlite3_stmt *update;

  if (running == NULL)
    return FALSE;
  while (sqlite3_step (running) == SQLITE_ROW)
    {
      gint64 pid = sqlite3_column_int64 (running, 0);

      if (process_is_gone (pid))
        g_array_append_val (gone, pid);
    }
  sqlite3_reset (running);
  for (guint i = 0; i < gone->len; i++)
    {
      update = pgm_database_prepare (
          database, "UPDATE job SET status = 'lost' WHERE status = 'running' AND pid = ?1", error);
      if (update == NULL ||
          sqlite3_bind_int64 (update, 1, g_array_index (gone, gint64, i)) != SQLITE_OK ||
          !pgm_database_run (database, update, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
clean_up (PgmDatabase *database, GError **error)
{
  return mark_lost_jobs (database, error) &&
         pgm_database_exec (database,
                            "DELETE FROM job WHERE status <> 'running' AND id IN (SELECT id FROM"
                            " job ORDER BY started_at DESC LIMIT -1 OFFSET " KEPT_JOBS ")",
                            error);
}

static gboolean
open_database (PgmStore *self, char **warning, GError **error)
{
  PgmDatabase *database;

  if (!pgm_paths_make_private (self->directory, error))
    return FALSE;
  database = pgm_database_open (self->path, warning, error);
  if (database == NULL)
    return FALSE;
  if (!clean_up (database, error))
    {
      pgm_database_close (database);
      return FALSE;
    }
  self->writer = pgm_writer_new (database);
  return TRUE;
}

static PgmClusters *
make_clusters (const PgmConfig *config)
{
  g_autofree char *path =
      config->clusters_file != NULL ? g_strdup (config->clusters_file) : pgm_paths_clusters_file ();

  return pgm_clusters_new (path, config->state_dir, g_strcmp0 (config->passwords, "file") != 0);
}

PgmStore *
pgm_store_new (PgmConfig *config, char **warning)
{
  PgmStore *self = g_object_new (PGM_TYPE_STORE, NULL);
  g_autofree char *told = NULL;
  g_autoptr (GError) error = NULL;

  self->config = config != NULL ? pgm_record_ref (config) : pgm_config_load_files (NULL, NULL);
  self->clusters = make_clusters (self->config);
  self->configs = g_ptr_array_new_with_free_func (pgm_record_unref);
  g_ptr_array_add (self->configs, self->config);
  self->directory = g_strdup (self->config->state_dir);
  self->path = g_build_filename (self->directory, "state.db", NULL);
  if (!open_database (self, &told, &error))
    {
      self->problem = pgm_error_to_text (error);
      g_free (told);
      told = g_strdup_printf ("jobs will not be recorded: %s", self->problem);
    }
  if (warning != NULL)
    *warning = g_steal_pointer (&told);
  return self;
}

PgmConfig *
pgm_store_get_config (PgmStore *self)
{
  return g_atomic_pointer_get (&self->config);
}

void
pgm_store_set_config (PgmStore *self, PgmConfig *config)
{
  g_ptr_array_add (self->configs, pgm_record_ref (config));
  g_atomic_pointer_set (&self->config, config);
}

const char *
pgm_store_get_directory (PgmStore *self)
{
  return self->directory;
}

PgmClusters *
pgm_store_get_clusters (PgmStore *self)
{
  return self->clusters;
}

const char *
pgm_store_get_path (PgmStore *self)
{
  return self->path;
}

char *
pgm_store_dup_problem (PgmStore *self)
{
  return self->writer != NULL ? pgm_writer_dup_problem (self->writer) : g_strdup (self->problem);
}

void
pgm_store_job_started (PgmStore *self,
                       const PgmJobSpec *spec,
                       const char *source,
                       const char *destination)
{
  g_autofree char *json = pgm_job_spec_to_storable_json (spec);

  if (self->writer == NULL)
    return;
  pgm_writer_push (self->writer, PGM_WRITE_JOB,
                   "INSERT INTO job (id, kind, spec, status, phase, source, destination,"
                   " pid, started_at) VALUES (?1, ?2, ?3, 'running', 'idle', ?4, ?5, ?6, ?7)"
                   " ON CONFLICT (id) DO UPDATE SET kind = ?2, spec = ?3, status = 'running',"
                   " phase = 'idle', source = ?4, destination = ?5, pid = ?6, started_at = ?7,"
                   " finished_at = 0, report = NULL",
                   "sssssii", spec->id, pgm_job_kind_names[spec->kind], json, source, destination,
                   (gint64) getpid (), g_get_real_time ());
}

void
pgm_store_job_finished (PgmStore *self, const PgmReport *report)
{
  g_autofree char *json = pgm_record_to_json (report, FALSE);

  if (self->writer == NULL)
    return;
  pgm_writer_push (self->writer, PGM_WRITE_JOB,
                   "UPDATE job SET status = 'ended', finished_at = ?1, report = ?2, source = ?3,"
                   " destination = ?4 WHERE id = ?5",
                   "issss", report->finished_at, json, report->source, report->destination,
                   report->job_id);
}

gboolean
pgm_store_job_keep (PgmStore *self, const PgmJobSpec *spec, GError **error)
{
  if (self->writer != NULL)
    pgm_writer_push (self->writer, PGM_WRITE_JOB, "UPDATE job SET kept = 1 WHERE id = ?1", "s",
                     spec->id);
  return pgm_kept_jobs_keep (self->directory, spec, error);
}

void
pgm_store_job_unkeep (PgmStore *self, const char *job_id)
{
  if (self->writer != NULL)
    pgm_writer_push (self->writer, PGM_WRITE_JOB,
                     "UPDATE job SET kept = 0, restarts = 0 WHERE id = ?1", "s", job_id);
  pgm_kept_jobs_forget (self->directory, job_id);
}

void
pgm_store_job_restarted (PgmStore *self, const char *job_id)
{
  if (self->writer != NULL)
    pgm_writer_push (self->writer, PGM_WRITE_JOB,
                     "UPDATE job SET restarts = restarts + 1 WHERE id = ?1", "s", job_id);
}

void
pgm_store_job_settled (PgmStore *self, const char *job_id)
{
  if (self->writer != NULL)
    pgm_writer_push (self->writer, PGM_WRITE_JOB, "UPDATE job SET restarts = 0 WHERE id = ?1", "s",
                     job_id);
}

static gboolean
is_known (PgmStore *self, const char *job_id)
{
  PgmJobHistory *history = pgm_history_get_job (self->path, job_id, NULL);

  pgm_record_unref (history);
  return history != NULL;
}

/* Those that a state file knew which is gone. */
static void
add_forgotten (PgmStore *self, GPtrArray *jobs)
{
  g_auto (GStrv) ids = pgm_kept_jobs_list (self->directory);

  for (guint i = 0; ids[i] != NULL; i++)
    {
      PgmKeptJob *job;

      if (is_known (self, ids[i]))
        continue;
      job = pgm_record_new (&pgm_kept_job_type);
      job->id = g_strdup (ids[i]);
      g_ptr_array_add (jobs, job);
    }
}

/* What was kept in its file is more than what the state file may know. */
GPtrArray *
pgm_store_list_kept (PgmStore *self, GError **error)
{
  GPtrArray *jobs = pgm_history_list_kept (self->path, error);

  if (jobs == NULL)
    return NULL;
  add_forgotten (self, jobs);
  for (guint i = 0; i < jobs->len; i++)
    {
      PgmKeptJob *job = g_ptr_array_index (jobs, i);
      PgmJobSpec *spec = pgm_kept_jobs_load (self->directory, job->id);

      if (spec == NULL)
        continue;
      pgm_record_unref (job->spec);
      job->spec = spec;
    }
  return jobs;
}

void
pgm_store_phase (PgmStore *self, const char *job_id, PgmPhase phase)
{
  if (self->writer != NULL)
    pgm_writer_push (self->writer, PGM_WRITE_EVENT, "UPDATE job SET phase = ?1 WHERE id = ?2", "ss",
                     pgm_phase_names[phase], job_id);
}

void
pgm_store_event (PgmStore *self, const char *job_id, const char *type, const char *message)
{
  g_autofree char *valid = NULL;

  if (self->writer == NULL)
    return;
  valid = g_utf8_make_valid (message, (gssize) strnlen (message, MAX_MESSAGE));
  pgm_writer_push (self->writer, PGM_WRITE_EVENT,
                   "INSERT INTO event (job_id, time, type, message) VALUES (?1, ?2, ?3, ?4)",
                   "siss", job_id, g_get_real_time (), type, valid);
}

void
pgm_store_table (PgmStore *self, const char *job_id, const PgmTableProgress *table)
{
  g_autofree char *json = NULL;

  if (self->writer == NULL)
    return;
  json = pgm_record_to_json (table, FALSE);
  pgm_writer_push (self->writer, PGM_WRITE_TABLE,
                   "INSERT OR REPLACE INTO table_progress (job_id, schema, name, record)"
                   " VALUES (?1, ?2, ?3, ?4)",
                   "ssss", job_id, table->schema, table->name, json);
}

void
pgm_store_migration_created (PgmStore *self, const PgmMigrationBody *plan)
{
  g_autofree char *json = pgm_record_to_json (plan, FALSE);
  gint64 now = g_get_real_time ();

  if (self->writer != NULL)
    pgm_writer_push (self->writer, PGM_WRITE_JOB,
                     "INSERT INTO migration (id, plan, created_at, updated_at)"
                     " VALUES (?1, ?2, ?3, ?4)",
                     "ssii", plan->id, json, now, now);
}

void
pgm_store_job_forget (PgmStore *self, const char *job_id)
{
  pgm_kept_jobs_forget (self->directory, job_id);
  if (self->writer == NULL)
    return;
  pgm_writer_push (self->writer, PGM_WRITE_JOB, "DELETE FROM migration WHERE id = ?1", "s", job_id);
  pgm_writer_push (self->writer, PGM_WRITE_JOB, "DELETE FROM job WHERE id = ?1", "s", job_id);
}

void
pgm_store_metric (PgmStore *self, const char *job_id, const PgmSnapshot *snapshot)
{
  if (self->writer != NULL)
    pgm_writer_push (self->writer, PGM_WRITE_TABLE,
                     "INSERT OR REPLACE INTO metric (job_id, time, lag_bytes, rows_per_sec,"
                     " bytes_per_sec, total_rows, total_bytes)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                     "siiiiii", job_id, snapshot->timestamp, (gint64) snapshot->lag_bytes,
                     (gint64) snapshot->rows_per_sec, (gint64) snapshot->bytes_per_sec,
                     (gint64) snapshot->total_rows, (gint64) snapshot->total_bytes);
}

void
pgm_store_thin_metrics (PgmStore *self, const char *job_id)
{
  gint64 now = g_get_real_time ();

  if (self->writer == NULL)
    return;
  pgm_writer_push (self->writer, PGM_WRITE_TABLE,
                   "DELETE FROM metric WHERE job_id = ?1 AND time < ?2 AND time NOT IN"
                   " (SELECT min(time) FROM metric WHERE job_id = ?1 AND time < ?2"
                   " GROUP BY time / 60000000)",
                   "si", job_id, now - FINE_US);
  pgm_writer_push (self->writer, PGM_WRITE_TABLE,
                   "DELETE FROM metric WHERE job_id = ?1 AND time < ?2", "si", job_id,
                   now - KEPT_US);
}

void
pgm_store_flush (PgmStore *self)
{
  if (self->writer != NULL)
    pgm_writer_flush (self->writer);
}

const char *
pgm_store_get_library_version (void)
{
  return sqlite3_libversion ();
}
