#include "server/handlers.h"

#include "model/migration.h"

static GError *
not_found (const char *job_id)
{
  GError *error = NULL;

  pgm_error_set (&error, PGM_ERROR_NOT_FOUND, "there is no job \"%s\"", job_id);
  return error;
}

/* A list is for choosing from: what each job says of its tables comes with itself. */
static PgmMigration *
make_migration (PgmCall *call, PgmJobInfo *job, gboolean whole)
{
  PgmSnapshot *snapshot = pgm_engine_ref_snapshot (call->house->engine, job->id);
  PgmMigration *migration = pgm_migration_new (job, snapshot);

  if (!whole)
    {
      GPtrArray **arrays[] = { &migration->live_tables, &migration->live_events };

      for (gsize i = 0; i < G_N_ELEMENTS (arrays); i++)
        {
          g_ptr_array_unref (*arrays[i]);
          *arrays[i] = g_ptr_array_new_with_free_func (pgm_record_unref);
        }
    }
  pgm_record_unref (snapshot);
  return migration;
}

static void
on_all (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmCall *call = user_data;
  GError *error = NULL;
  g_autoptr (GPtrArray) jobs = pgm_engine_list_jobs_finish (PGM_ENGINE (source), result, &error);

  if (jobs == NULL)
    pgm_call_fail (call, error);
  else
    {
      GPtrArray *migrations = g_ptr_array_new_with_free_func (pgm_record_unref);

      for (guint i = 0; i < jobs->len; i++)
        g_ptr_array_add (migrations, make_migration (call, g_ptr_array_index (jobs, i), FALSE));
      pgm_call_answer_many (call, migrations);
    }
  pgm_call_unref (call);
}

void
pgm_handle_migrations (PgmCall *call)
{
  pgm_engine_list_jobs_async (call->house->engine, NULL, on_all, pgm_call_ref (call));
}

static void
on_one (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmCall *call = user_data;
  GError *error = NULL;
  g_autoptr (GPtrArray) jobs = pgm_engine_list_jobs_finish (PGM_ENGINE (source), result, &error);
  PgmMigration *found = NULL;

  for (guint i = 0; jobs != NULL && found == NULL && i < jobs->len; i++)
    {
      PgmJobInfo *job = g_ptr_array_index (jobs, i);

      if (g_str_equal (job->id, call->id))
        found = make_migration (call, job, TRUE);
    }
  if (found != NULL)
    pgm_call_answer (call, found);
  else
    pgm_call_fail (call, error != NULL ? error : not_found (call->id));
  pgm_call_unref (call);
}

void
pgm_handle_migration (PgmCall *call)
{
  pgm_engine_list_jobs_async (call->house->engine, NULL, on_one, pgm_call_ref (call));
}

static void
on_events (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmCall *call = user_data;
  GError *error = NULL;
  GPtrArray *events = pgm_engine_list_events_finish (PGM_ENGINE (source), result, &error);

  if (events != NULL)
    pgm_call_answer_many (call, events);
  else
    pgm_call_fail (call, error);
  pgm_call_unref (call);
}

void
pgm_handle_migration_events (PgmCall *call)
{
  pgm_engine_list_events_async (call->house->engine, call->id, NULL, on_events,
                                pgm_call_ref (call));
}

static void
on_logs (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmCall *call = user_data;
  GError *error = NULL;
  g_autoptr (GPtrArray) events =
      pgm_engine_list_events_finish (PGM_ENGINE (source), result, &error);

  if (events == NULL)
    pgm_call_fail (call, error);
  else
    {
      GPtrArray *entries = g_ptr_array_new_with_free_func (pgm_record_unref);

      for (guint i = 0; i < events->len; i++)
        g_ptr_array_add (entries, pgm_log_entry_new (g_ptr_array_index (events, i)));
      pgm_call_answer_many (call, entries);
    }
  pgm_call_unref (call);
}

void
pgm_handle_migration_logs (PgmCall *call)
{
  pgm_engine_list_events_async (call->house->engine, call->id, NULL, on_logs, pgm_call_ref (call));
}

void
pgm_handle_migration_report (PgmCall *call)
{
  PgmReport *report = pgm_engine_ref_report (call->house->engine, call->id);
  GError *error = NULL;

  if (report != NULL)
    {
      pgm_call_answer (call, report);
      return;
    }
  pgm_error_set (&error, PGM_ERROR_NOT_FOUND, "there is no report of a job \"%s\"", call->id);
  pgm_call_fail (call, error);
}
