#include "config.h"

#include "migration/cleanup.h"

#include "migration/follow-setup.h"
#include "migration/switchover.h"
#include "migration/triggers.h"
#include "postgres/quote.h"
#include "postgres/slot.h"

typedef struct
{
  PgmEnds *ends;
  PgmProgress *progress;
  PgmReport *report;
  PgmConnection *control; /* on the destination; owns it */
  PgmConnection *source;
  PgmFollowState *state; /* may be NULL */
  gboolean keep_fence;
  GCancellable *cancellable;
} Cleanup;

typedef gboolean (*DropFunc) (PgmConnection *connection,
                              const char *name,
                              GCancellable *cancellable,
                              GError **error);

static void G_GNUC_PRINTF (2, 3) tell (Cleanup *self, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  pgm_report_add_check (self->report, "removed", PGM_CHECK_OK, text, NULL);
}

/* Otherwise what the state names would stay on a server that nobody asks. */
static gboolean
check_source (Cleanup *self, GError **error)
{
  const PgmServerInfo *source = self->ends->source;
  const PgmFollowState *state = self->state;
  g_autofree char *detail = NULL;

  if (state == NULL ||
      ((state->source_system_identifier == 0 || source->identity.system_identifier == 0 ||
        state->source_system_identifier == source->identity.system_identifier) &&
       g_strcmp0 (state->source_database, source->database) == 0))
    return TRUE;
  detail = g_strdup_printf ("It follows database \"%s\" of the server with system identifier"
                            " %" G_GUINT64_FORMAT ".",
                            state->source_database, state->source_system_identifier);
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, detail,
                      "Name that source, so that slot and publication are removed there, too.",
                      "the job on the destination follows another source");
  return FALSE;
}

static gboolean
open_ends (Cleanup *self, const PgmJobSpec *spec, GError **error)
{
  self->ends = pgm_ends_open (spec, self->cancellable, error);
  if (self->ends == NULL)
    return FALSE;
  self->report->source_version = g_strdup (self->ends->source->version_text);
  self->report->destination_version = g_strdup (self->ends->destination->version_text);
  self->control =
      pgm_ends_connect (self->ends, PGM_END_DESTINATION, "control", self->cancellable, error);
  if (self->control == NULL || !pgm_ends_own (self->ends, self->control, self->cancellable, error))
    return FALSE;
  self->source = pgm_ends_connect (self->ends, PGM_END_SOURCE, "cleanup", self->cancellable, error);
  return self->source != NULL &&
         pgm_follow_state_read (self->control, &self->state, self->cancellable, error) &&
         check_source (self, error);
}

/* What a cutover has left open is settled, and its objects go: the fence too, unless
 * it is to keep the application from its old server for longer. */
static gboolean
clear_cutover (Cleanup *self, GError **error)
{
  PgmFollowContext ctx = { .progress = self->progress,
                           .report = self->report,
                           .ends = self->ends,
                           .state = self->state,
                           .journal = self->control };

  /* One that was killed early has named its objects, and one that went back has left
   * a fence, with nothing else to tell it by. */
  return (self->state->cutover == PGM_CUTOVER_NONE && self->state->reverse_slot == NULL &&
          self->state->fence == NULL) ||
         (pgm_switchover_recover (&ctx, self->cancellable, error) &&
          pgm_switchover_clear (&ctx, !self->keep_fence, self->cancellable, error));
}

static gboolean
remove_by_state (Cleanup *self, GError **error)
{
  const PgmFollowState *state = self->state;

  if (state == NULL)
    return TRUE;
  if (!clear_cutover (self, error) ||
      !pgm_follow_setup_remove (self->ends, state, self->control, self->progress, self->cancellable,
                                error))
    return FALSE;
  if (state->slot_is_ours)
    tell (self, "Slot %s, and the WAL kept back for it on the source.", state->slot);
  if (state->publication_is_ours)
    tell (self, "Publication %s on the source.", state->publication);
  if (state->origin != NULL)
    tell (self, "Origin %s on the destination.", state->origin);
  tell (self, "The job's state on the destination.");
  return TRUE;
}

/* What an unfinished clone knows is given up; its suspended triggers act again. */
static gboolean
remove_ledger (Cleanup *self, GError **error)
{
  PgmLedger *ledger = NULL;

  if (!pgm_ledger_read (self->control, &ledger, self->cancellable, error))
    return FALSE;
  if (ledger == NULL)
    return TRUE;
  pgm_ledger_free (ledger);
  if (!pgm_connection_exec (self->control, "BEGIN", self->cancellable, error) ||
      !pgm_triggers_restore (self->control, self->cancellable, error) ||
      !pgm_ledger_drop (self->control, self->cancellable, error) ||
      !pgm_connection_exec (self->control, "COMMIT", self->cancellable, error))
    return FALSE;
  tell (self, "The ledger of an unfinished clone on the destination; what it copied stays.");
  return TRUE;
}

static gboolean
drop_slot (PgmConnection *connection, const char *name, GCancellable *cancellable, GError **error)
{
  return pgm_slot_drop (connection, name, TRUE, cancellable, error);
}

/* @sql selects names that contain $1. */
static gboolean
remove_named (Cleanup *self,
              PgmConnection *connection,
              const char *sql,
              DropFunc drop,
              const char *what,
              GError **error)
{
  g_autofree char *mark = pgm_follow_setup_mark (self->ends);
  const char *params[] = { PGM_FOLLOW_PREFIX, mark };
  g_autoptr (PgmResult) rows =
      pgm_connection_query (connection, sql, 2, params, self->cancellable, error);

  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    {
      const char *name = pgm_result_get_or (rows, row, 0, "");

      if (!drop (connection, name, self->cancellable, error))
        return FALSE;
      tell (self, "%s %s on the %s.", what, name, pgm_connection_get_label (connection));
    }
  return TRUE;
}

static const char slots_sql[] =
    "SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"
    " AND NOT temporary AND starts_with(slot_name, $1) AND strpos(slot_name, $2) > 0";
static const char publications_sql[] =
    "SELECT pubname FROM pg_publication"
    " WHERE starts_with(pubname::text, $1) AND strpos(pubname::text, $2) > 0";
static const char origins_sql[] = "SELECT roname FROM pg_replication_origin"
                                  " WHERE starts_with(roname, $1) AND strpos(roname, $2) > 0";

static gboolean
remove_by_name (Cleanup *self, PgmConnection *connection, GError **error)
{
  return remove_named (self, connection, slots_sql, drop_slot, "Slot", error) &&
         remove_named (self, connection, publications_sql, pgm_publication_drop, "Publication",
                       error) &&
         remove_named (self, connection, origins_sql, pgm_origin_drop, "Origin", error);
}

static gboolean
run_steps (Cleanup *self, const PgmJobSpec *spec, GError **error)
{
  pgm_progress_set_phase (self->progress, PGM_PHASE_CONNECTING);
  if (!open_ends (self, spec, error))
    return FALSE;
  pgm_progress_set_activity (self->progress, "removing what is ours on both sides");
  if (!remove_by_state (self, error) || !remove_ledger (self, error) ||
      !remove_by_name (self, self->source, error) || !remove_by_name (self, self->control, error))
    return FALSE;
  if (self->report->checks->len == 0)
    pgm_report_add_check (self->report, "removed", PGM_CHECK_OK, "Nothing of ours was there.",
                          NULL);
  return TRUE;
}

gboolean
pgm_cleanup_run (const PgmJobSpec *spec,
                 PgmProgress *progress,
                 PgmReport *report,
                 GCancellable *cancellable,
                 GError **error)
{
  Cleanup self = { .progress = progress,
                   .report = report,
                   .keep_fence = spec->follow != NULL && spec->follow->keep_fence,
                   .cancellable = cancellable };
  gboolean ok = run_steps (&self, spec, error);

  g_clear_pointer (&self.state, pgm_follow_state_free);
  g_clear_pointer (&self.source, pgm_connection_free);
  g_clear_pointer (&self.control, pgm_connection_free);
  g_clear_pointer (&self.ends, pgm_ends_free);
  return ok;
}
