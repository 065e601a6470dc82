#include "config.h"

#include "migration/clone-follow.h"

#include "core/failpoint.h"
#include "migration/follow-begin.h"
#include "migration/follow-check.h"
#include "migration/follow-session.h"
#include "migration/follow-setup.h"
#include "migration/retention.h"
#include "migration/spill.h"
#include "postgres/quote.h"
#include "postgres/slot.h"

/* How long the slot may wait for transactions that were there before it. */
#define SLOT_SECONDS 600u

#define AGAIN "_again"

struct _PgmCloneFollow
{
  PgmCloneContext *ctx;
  PgmConnection *control;
  PgmFollowState *state;
  gboolean resumed;
  gboolean made; /* something on the source may be of this run */
  PgmFollowSlot slot;
  PgmRetention *retention;
};

static gboolean
refuse_other (GError **error, const char *message, const char *hint)
{
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL, hint, "%s", message);
  return FALSE;
}

static gboolean
remove_state (PgmCloneContext *ctx,
              PgmConnection *control,
              const PgmFollowState *state,
              GCancellable *cancellable,
              GError **error)
{
  pgm_progress_set_activity (ctx->progress, "removing an earlier job");
  return pgm_follow_setup_remove (ctx->ends, state, control, ctx->progress, cancellable, error);
}

/* A clone that does not follow. */
static gboolean
begin_plain (PgmCloneContext *ctx,
             PgmConnection *control,
             const PgmFollowState *state,
             GCancellable *cancellable,
             GError **error)
{
  if (state == NULL)
    return TRUE;
  if (ctx->options->drop_existing)
    return remove_state (ctx, control, state, cancellable, error);
  return refuse_other (
      error, "the destination belongs to a job that follows its source",
      "Go on with it by --follow --resume, or remove it with `pgmanager cleanup`.");
}

/* Whatever is there must have been begun as it is to go on. */
static gboolean
judge_state (PgmCloneContext *ctx,
             const PgmFollowState *state,
             const PgmLedger *ledger,
             GError **error)
{
  if (ctx->spec->clone->schema_only)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "without rows there is nothing to follow");
      return FALSE;
    }
  if (ctx->options->drop_existing)
    return TRUE;
  if (state != NULL && !ctx->options->resume)
    return refuse_other (error, "there is a job on the destination that follows its source",
                         "Go on with it by --resume, start anew with --drop-existing, or remove it"
                         " with `pgmanager cleanup`.");
  if (state == NULL && ledger != NULL && ctx->options->resume)
    return refuse_other (error,
                         "the unfinished clone on the destination was begun without --follow",
                         "Finish it without --follow, or start anew with --drop-existing.");
  return state == NULL || pgm_follow_check_options (state, ctx->spec->follow, error);
}

static gboolean
begin_following (PgmCloneFollow *self,
                 const PgmLedger *ledger,
                 PgmCloneBeginning *beginning,
                 GCancellable *cancellable,
                 GError **error)
{
  PgmCloneContext *ctx = self->ctx;
  gboolean copied = self->state != NULL && self->state->copied && ledger == NULL;

  if (!judge_state (ctx, self->state, ledger, error))
    return FALSE;
  self->resumed = self->state != NULL && !ctx->options->drop_existing && ledger != NULL;
  if (self->resumed)
    *beginning = PGM_CLONE_RESUMED;
  else if (copied && ctx->options->resume)
    *beginning = PGM_CLONE_COPIED;
  if (*beginning != PGM_CLONE_ANEW)
    {
      pgm_follow_setup_adopt (ctx->ends, self->state);
      return TRUE;
    }
  if (self->state != NULL && !remove_state (ctx, self->control, self->state, cancellable, error))
    return FALSE;
  g_clear_pointer (&self->state, pgm_follow_state_free);
  self->state = pgm_follow_setup_plan (ctx->ends, ctx->spec->follow);
  /* Only a slot that is made now has a snapshot to copy under. */
  self->state->slot_is_ours = TRUE;
  return pgm_follow_setup_choose (self->state, self->control, cancellable, error);
}

gboolean
pgm_clone_follow_begin (PgmCloneContext *ctx,
                        PgmConnection *control,
                        const PgmLedger *ledger,
                        PgmCloneFollow **self,
                        PgmCloneBeginning *beginning,
                        GCancellable *cancellable,
                        GError **error)
{
  PgmFollowState *state = NULL;
  gboolean ok;

  *self = NULL;
  *beginning = ctx->options->resume && ledger != NULL ? PGM_CLONE_RESUMED : PGM_CLONE_ANEW;
  if (!pgm_follow_state_read (control, &state, cancellable, error))
    return FALSE;
  if (ctx->spec->follow == NULL)
    {
      ok = begin_plain (ctx, control, state, cancellable, error);
      pgm_follow_state_free (state);
      return ok;
    }
  *beginning = PGM_CLONE_ANEW;
  *self = g_new0 (PgmCloneFollow, 1);
  (*self)->ctx = ctx;
  (*self)->control = control;
  (*self)->state = state;
  return begin_following (*self, ledger, beginning, cancellable, error);
}

void
pgm_clone_follow_free (PgmCloneFollow *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->retention, pgm_retention_free);
  pgm_follow_slot_clear (&self->slot);
  g_clear_pointer (&self->state, pgm_follow_state_free);
  g_free (self);
}

/* With the tables that are there just now; what comes between this and the
 * snapshot is found out afterwards. */
static gboolean
make_publication (PgmCloneFollow *self, GCancellable *cancellable, GError **error)
{
  PgmCloneContext *ctx = self->ctx;
  g_autoptr (PgmConnection) source =
      pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "setup", cancellable, error);
  g_autoptr (PgmCatalog) catalog = NULL;
  gboolean exists = FALSE;

  if (source == NULL ||
      !pgm_publication_exists (source, self->state->publication, &exists, cancellable, error))
    return FALSE;
  /* One that was named and isn't there is made, and is ours, then. */
  if (!self->made && !self->state->publication_is_ours)
    self->state->publication_is_ours = !exists;
  if (!pgm_follow_state_write (self->control, self->state, cancellable, error))
    return FALSE;
  self->made = TRUE;
  catalog = pgm_catalog_read_structure (source, cancellable, error);
  if (catalog == NULL)
    return FALSE;
  pgm_filter_apply (ctx->filter, catalog);
  return pgm_follow_setup_publication (ctx->ends, self->state, catalog, cancellable, error) &&
         PGM_FAILPOINT ("follow.after_publication", error);
}

/* A slot of an attempt before this one, whose snapshot was overtaken. */
static gboolean
drop_slot (PgmCloneFollow *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) source = NULL;

  if (self->slot.replication == NULL)
    return TRUE;
  pgm_follow_slot_clear (&self->slot);
  if (self->resumed)
    return TRUE;
  source = pgm_ends_connect (self->ctx->ends, PGM_END_SOURCE, "setup", cancellable, error);
  return source != NULL && pgm_slot_drop (source, self->state->slot, TRUE, cancellable, error);
}

gboolean
pgm_clone_follow_export (gpointer user_data,
                         char **snapshot,
                         PgmLsn *lsn,
                         GCancellable *cancellable,
                         GError **error)
{
  PgmCloneFollow *self = user_data;
  g_autofree char *again = g_strconcat (self->state->slot, AGAIN, NULL);

  if (!drop_slot (self, cancellable, error) ||
      (!self->resumed && !make_publication (self, cancellable, error)))
    return FALSE;
  pgm_progress_set_activity (self->ctx->progress, "making a replication slot on the source");
  if (!pgm_follow_setup_slot (self->ctx->ends, PGM_END_SOURCE,
                              self->resumed ? again : self->state->slot, self->resumed,
                              SLOT_SECONDS, self->ctx->progress, &self->slot, cancellable, error))
    return FALSE;
  *snapshot = g_strdup (self->slot.snapshot);
  *lsn = self->slot.consistent_point;
  return TRUE;
}

/* A table without its place in the publication would silently stand still. */
static gboolean
check_published (PgmCloneFollow *self, GCancellable *cancellable, GError **error)
{
  PgmCloneContext *ctx = self->ctx;
  PgmFollowContext follow = { .ends = ctx->ends, .state = self->state };
  const PgmTable *missing = NULL;

  if (!pgm_follow_read_catalog (&follow, cancellable, error))
    return FALSE;
  for (guint i = 0; i < ctx->catalog->tables->len && missing == NULL; i++)
    {
      const PgmTable *table = g_ptr_array_index (ctx->catalog->tables, i);

      if (table->kind == 'r' && pgm_follow_takes (table) &&
          pgm_catalog_find_table (follow.catalog, table->schema, table->name) == NULL)
        missing = table;
    }
  if (missing != NULL)
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL,
                        self->state->publication_is_ours
                            ? "It was made in the moment between the publication and the snapshot."
                            : "Its changes would not come.",
                        self->state->publication_is_ours
                            ? "Start again."
                            : "Add it to the publication, or leave it out with --exclude.",
                        "table %s.%s is not in publication \"%s\"", missing->schema, missing->name,
                        self->state->publication);
  pgm_catalog_free (follow.catalog);
  return missing == NULL;
}

static gboolean
record_start (PgmCloneFollow *self, GCancellable *cancellable, GError **error)
{
  PgmConnection *control = self->control;

  self->state->consistent_point = self->slot.consistent_point;
  return pgm_connection_exec (control, "BEGIN", cancellable, error) &&
         pgm_follow_setup_progress (self->state, control, cancellable, error) &&
         pgm_follow_state_write (control, self->state, cancellable, error) &&
         pgm_connection_exec (control, "COMMIT", cancellable, error) &&
         PGM_FAILPOINT ("follow.after_state", error);
}

gboolean
pgm_clone_follow_hold (PgmCloneFollow *self, GCancellable *cancellable, GError **error)
{
  if (!check_published (self, cancellable, error) ||
      (!self->resumed && !record_start (self, cancellable, error)))
    return FALSE;
  /* The keeper has exported the snapshot again: the connection is not needed. */
  pgm_follow_slot_clear (&self->slot);
  self->retention =
      pgm_retention_start (self->ctx->ends, PGM_END_SOURCE, self->state->slot, self->ctx->progress);
  return TRUE;
}

gboolean
pgm_clone_follow_note (PgmCloneFollow *self,
                       const PgmPlan *plan,
                       const GPtrArray *kept,
                       PgmLsn lsn,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (GHashTable) complete = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < kept->len; i++)
    g_hash_table_add (complete, g_ptr_array_index (kept, i));
  for (guint i = 0; i < plan->entries->len; i++)
    {
      const PgmPlanEntry *entry = g_ptr_array_index (plan->entries, i);
      PgmTable *table = NULL;

      if (g_hash_table_contains (complete, entry))
        continue;
      for (guint k = 0; (table = pgm_plan_entry_get_table (entry, k)) != NULL; k++)
        {
          g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

          pgm_follow_state_set_copied_until (self->state, name, lsn);
        }
    }
  return pgm_follow_state_write (self->control, self->state, cancellable, error);
}

static gboolean
run_session (PgmCloneFollow *self,
             const PgmFollowWay *way,
             GCancellable *cancellable,
             GError **error)
{
  PgmCloneContext *ctx = self->ctx;
  PgmLsn until = pgm_follow_state_get_last_copy (self->state);
  PgmFollowSessionOptions options = {
    .ends = ctx->ends,
    .end = way->end,
    .slot = way->slot,
    .publication = way->publication,
    .origin = way->origin,
    .start = way->start,
    .target = until,
    .copied_until = self->state->copied_until,
    .conflicts = (PgmConflictPolicy) ctx->spec->follow->on_conflict,
    .streaming = ctx->spec->follow->streaming,
    .local_only = ctx->spec->follow->local_only,
    .directory = pgm_spill_directory (),
    .progress = ctx->progress,
    .quiet = TRUE,
  };
  g_autoptr (PgmFollowSession) session = pgm_follow_session_start (&options);

  return pgm_follow_session_wait (session, until, cancellable, error) &&
         pgm_follow_session_end (session, FALSE, error);
}

gboolean
pgm_clone_follow_catch_up (PgmCloneFollow *self, GCancellable *cancellable, GError **error)
{
  PgmCloneContext *ctx = self->ctx;
  PgmFollowContext follow = { .spec = ctx->spec,
                              .progress = ctx->progress,
                              .ends = ctx->ends,
                              .state = self->state,
                              .journal = self->control };
  PgmFollowWay way = pgm_follow_way (self->state);

  if (pgm_follow_state_get_last_copy (self->state) == 0)
    return TRUE;
  pgm_progress_set_phase (ctx->progress, PGM_PHASE_CATCH_UP);
  pgm_progress_set_activity (ctx->progress, "bringing all tables to one moment");
  return pgm_follow_check (&follow, &way, cancellable, error) &&
         run_session (self, &way, cancellable, error);
}

gboolean
pgm_clone_follow_finish (PgmCloneFollow *self, GCancellable *cancellable, GError **error)
{
  self->state->copied = TRUE;
  return pgm_connection_exec (self->control, "BEGIN", cancellable, error) &&
         pgm_ledger_drop (self->control, cancellable, error) &&
         pgm_follow_state_write (self->control, self->state, cancellable, error) &&
         pgm_connection_exec (self->control, "COMMIT", cancellable, error);
}

/* What can't be removed is told: its names are in the message. */
void
pgm_clone_follow_undo (PgmCloneFollow *self)
{
  g_autoptr (GError) failure = NULL;

  if (self == NULL || !self->made)
    return;
  g_clear_pointer (&self->retention, pgm_retention_free);
  pgm_follow_slot_clear (&self->slot);
  if (pgm_connection_is_lost (self->control) ||
      !pgm_connection_exec (self->control, "ROLLBACK", NULL, &failure) ||
      !pgm_follow_setup_remove (self->ctx->ends, self->state, self->control, self->ctx->progress,
                                NULL, &failure))
    pgm_progress_event (self->ctx->progress, "warning",
                        "slot and publication %s may be left on the source (`pgmanager cleanup`"
                        " removes them): %s",
                        self->state->slot,
                        failure != NULL ? failure->message : "the destination is gone");
}
