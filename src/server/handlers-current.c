#include "server/handlers.h"

#include "model/migration.h"

/* Nothing has run here yet. */
static PgmSnapshot *
idle_snapshot (void)
{
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);

  snapshot->timestamp = g_get_real_time ();
  snapshot->phase = PGM_PHASE_IDLE;
  return snapshot;
}

static PgmSnapshot *
current_snapshot (PgmCall *call)
{
  PgmSnapshot *snapshot = pgm_hub_ref_snapshot (call->house->hub, NULL);

  return snapshot != NULL ? snapshot : idle_snapshot ();
}

void
pgm_handle_status (PgmCall *call)
{
  g_autoptr (GBytes) bytes = pgm_hub_ref_encoded (call->house->hub, NULL);

  if (bytes != NULL)
    pgm_call_answer_bytes (call, bytes);
  else
    pgm_call_answer (call, idle_snapshot ());
}

void
pgm_handle_tables (PgmCall *call)
{
  PgmSnapshot *snapshot = current_snapshot (call);

  pgm_call_answer_many (call, g_ptr_array_ref (snapshot->tables));
  pgm_record_unref (snapshot);
}

void
pgm_handle_logs (PgmCall *call)
{
  PgmSnapshot *snapshot = current_snapshot (call);
  GPtrArray *entries = g_ptr_array_new_with_free_func (pgm_record_unref);

  for (guint i = 0; i < snapshot->events->len; i++)
    g_ptr_array_add (entries, pgm_log_entry_new (g_ptr_array_index (snapshot->events, i)));
  pgm_record_unref (snapshot);
  pgm_call_answer_many (call, entries);
}

void
pgm_handle_jobs_status (PgmCall *call)
{
  PgmJobsStatus *status = pgm_record_new (&pgm_jobs_status_type);
  PgmSnapshot *snapshot = current_snapshot (call);

  status->running = pgm_hub_is_running (call->house->hub, NULL);
  status->last_error = g_strdup (snapshot->last_error);
  pgm_record_unref (snapshot);
  pgm_call_answer (call, status);
}
