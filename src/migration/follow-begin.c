#include "config.h"

#include "migration/follow-begin.h"

#include <string.h>

#include "migration/follow-setup.h"
#include "migration/preflight.h"
#include "postgres/quote.h"
#include "postgres/slot.h"

#define SLOT_SECONDS 600u

/* What is being set up by this call. */
typedef struct
{
  PgmFollowContext *ctx;
  const PgmFollowOptions *options;
  PgmFollowState *state;
  GCancellable *cancellable;
} Begin;

static gboolean
check_option (const char *given, const char *kept, const char *what, GError **error)
{
  if (given == NULL || *given == '\0' || g_strcmp0 (given, kept) == 0)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                      "Leave the option out to go on with what is there, or remove that job with"
                      " `pgmanager cleanup` first.",
                      "the job on the destination has another %s (%s)", what,
                      kept != NULL ? kept : "none");
  return FALSE;
}

gboolean
pgm_follow_check_options (const PgmFollowState *state,
                          const PgmFollowOptions *options,
                          GError **error)
{
  return check_option (options->slot_name, state->slot, "slot", error) &&
         check_option (options->publication, state->publication, "publication", error) &&
         check_option (options->origin, state->origin, "origin", error);
}

static gboolean
read_published (PgmConnection *source,
                const char *publication,
                GHashTable **names,
                GCancellable *cancellable,
                GError **error)
{
  const char *params[] = { publication };
  g_autoptr (PgmResult) rows = pgm_connection_query (
      source, "SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = $1", 1,
      params, cancellable, error);

  if (rows == NULL)
    return FALSE;
  *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_hash_table_add (*names, pgm_quote_qualified (pgm_result_get_or (rows, row, 0, ""),
                                                   pgm_result_get_or (rows, row, 1, "")));
  return TRUE;
}

gboolean
pgm_follow_read_catalog (PgmFollowContext *ctx, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) source = NULL;
  g_autoptr (PgmCatalog) catalog = NULL;
  g_autoptr (GHashTable) names = NULL;

  if (ctx->catalog != NULL)
    return TRUE;
  source = pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "catalog", cancellable, error);
  if (source == NULL)
    return FALSE;
  catalog = pgm_catalog_read_structure (source, cancellable, error);
  if (catalog == NULL ||
      !read_published (source, ctx->state->publication, &names, cancellable, error))
    return FALSE;
  for (guint i = catalog->tables->len; i > 0; i--)
    {
      PgmTable *table = g_ptr_array_index (catalog->tables, i - 1);
      g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

      if (g_hash_table_contains (names, name))
        continue;
      g_hash_table_remove (catalog->tables_by_oid, GUINT_TO_POINTER (table->oid));
      g_ptr_array_remove_index (catalog->tables, i - 1);
    }
  ctx->catalog = g_steal_pointer (&catalog);
  return TRUE;
}

static gboolean
check_beforehand (Begin *self, PgmCatalog **catalog, GError **error)
{
  PgmFollowContext *ctx = self->ctx;
  g_autoptr (PgmConnection) source = NULL;

  pgm_progress_set_phase (ctx->progress, PGM_PHASE_PREFLIGHT);
  source = pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "preflight", self->cancellable, error);
  if (source == NULL)
    return FALSE;
  *catalog = pgm_catalog_read_structure (source, self->cancellable, error);
  if (*catalog == NULL)
    return FALSE;
  pgm_filter_apply (ctx->filter, *catalog);
  return pgm_preflight_run_follow (ctx->ends, ctx->spec, source, ctx->journal, *catalog,
                                   ctx->filter, ctx->report, self->cancellable, error) &&
         pgm_preflight_refuse (ctx->report, error);
}

/* A slot that others made: where it stands, or where the rows are if that is later. */
static gboolean
take_slot (Begin *self, GError **error)
{
  PgmFollowState *state = self->state;
  g_autoptr (PgmConnection) source = NULL;
  g_autoptr (PgmSlot) slot = NULL;

  source = pgm_ends_connect (self->ctx->ends, PGM_END_SOURCE, "setup", self->cancellable, error);
  if (source == NULL || !pgm_slot_read (source, state->slot, &slot, self->cancellable, error))
    return FALSE;
  if (slot == NULL)
    {
      pgm_error_set (error, PGM_ERROR_NOT_FOUND, "there is no slot \"%s\" on the source",
                     state->slot);
      return FALSE;
    }
  state->consistent_point = slot->confirmed_flush_lsn;
  if (self->options->start_lsn == 0)
    return TRUE;
  if (self->options->start_lsn < slot->confirmed_flush_lsn)
    {
      g_autofree char *confirmed = pgm_lsn_to_string (slot->confirmed_flush_lsn);

      pgm_error_set_full (
          error, PGM_ERROR_REFUSED, NULL,
          "What was committed between the two would be lost without a word.",
          "Start where the slot stands, if the rows are of that moment; else clone"
          " anew.",
          "slot \"%s\" has been confirmed up to %s, beyond the start that was given", state->slot,
          confirmed);
      return FALSE;
    }
  state->consistent_point = self->options->start_lsn;
  return TRUE;
}

static gboolean
make_slot (Begin *self, GError **error)
{
  PgmFollowContext *ctx = self->ctx;
  g_auto (PgmFollowSlot) slot = { 0 };

  pgm_progress_event (ctx->progress, "warning",
                      "the rows of the destination must be those of the source at this moment:"
                      " what was changed since they were copied is not followed");
  pgm_progress_set_activity (ctx->progress, "making a replication slot on the source");
  if (!pgm_follow_setup_slot (ctx->ends, PGM_END_SOURCE, self->state->slot, FALSE, SLOT_SECONDS,
                              ctx->progress, &slot, self->cancellable, error))
    return FALSE;
  self->state->consistent_point = slot.consistent_point;
  return TRUE;
}

/* One that is there already, of a subscription for example, tells itself how far
 * the rows are. */
static gboolean
make_origin (Begin *self, GError **error)
{
  PgmConnection *journal = self->ctx->journal;
  PgmFollowState *state = self->state;
  PgmLsn progress = 0;
  gboolean found = FALSE;

  if (state->origin == NULL)
    return pgm_follow_setup_progress (state, journal, self->cancellable, error);
  if (!pgm_origin_read (journal, state->origin, &found, &progress, self->cancellable, error))
    return FALSE;
  if (!found)
    return pgm_follow_setup_progress (state, journal, self->cancellable, error);
  if (progress < state->consistent_point && progress != 0)
    {
      g_autofree char *from = pgm_lsn_to_string (progress);
      g_autofree char *to = pgm_lsn_to_string (state->consistent_point);

      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL,
                          "What was committed between the two would be lost without a word.", NULL,
                          "origin \"%s\" stands at %s, but the slot begins at %s", state->origin,
                          from, to);
      return FALSE;
    }
  return TRUE;
}

static gboolean
set_up (Begin *self, const PgmCatalog *catalog, GError **error)
{
  PgmFollowContext *ctx = self->ctx;

  if (!pgm_follow_state_write (ctx->journal, self->state, self->cancellable, error) ||
      !pgm_follow_setup_publication (ctx->ends, self->state, catalog, self->cancellable, error))
    return FALSE;
  if (!(self->state->slot_is_ours ? make_slot (self, error) : take_slot (self, error)) ||
      !make_origin (self, error))
    return FALSE;
  self->state->copied = TRUE;
  return pgm_follow_state_write (ctx->journal, self->state, self->cancellable, error);
}

static gboolean
begin_anew (Begin *self, GError **error)
{
  PgmFollowContext *ctx = self->ctx;
  g_autoptr (PgmCatalog) catalog = NULL;
  g_autoptr (PgmFollowState) state = NULL;
  g_autoptr (GError) ignored = NULL;

  if (self->options->slot_name != NULL && self->options->publication == NULL)
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          "Name the publication that its changes are to be taken from.",
                          "a slot was given without a publication");
      return FALSE;
    }
  if (!check_beforehand (self, &catalog, error))
    return FALSE;
  state = pgm_follow_setup_plan (ctx->ends, self->options);
  self->state = state;
  if (!pgm_follow_setup_choose (state, ctx->journal, self->cancellable, error))
    return FALSE;
  if (set_up (self, catalog, error))
    {
      ctx->state = g_steal_pointer (&state);
      return TRUE;
    }
  if (!pgm_follow_setup_remove (ctx->ends, state, ctx->journal, ctx->progress, NULL, &ignored))
    pgm_progress_event (ctx->progress, "warning", "what was begun could not be removed: %s",
                        ignored->message);
  return FALSE;
}

static gboolean
refuse_unfinished (GError **error)
{
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL,
                      "Changes can be applied only when all rows are there.",
                      "Finish it by `pgmanager clone --follow --resume`.",
                      "the clone on the destination is not finished");
  return FALSE;
}

gboolean
pgm_follow_begin (PgmFollowContext *ctx, GCancellable *cancellable, GError **error)
{
  Begin self = { .ctx = ctx, .options = ctx->spec->follow, .cancellable = cancellable };
  PgmLedger *ledger = NULL;
  gboolean unfinished;

  if (!pgm_ledger_read (ctx->journal, &ledger, cancellable, error))
    return FALSE;
  unfinished = ledger != NULL;
  g_clear_pointer (&ledger, pgm_ledger_free);
  if (unfinished)
    return refuse_unfinished (error);
  if (ctx->state != NULL)
    pgm_follow_setup_adopt (ctx->ends, ctx->state);
  if (ctx->state != NULL && ctx->state->copied)
    return pgm_follow_check_options (ctx->state, self.options, error);
  if (ctx->spec->kind != PGM_JOB_FOLLOW)
    return refuse_unfinished (error);
  /* A beginning of that kind that was killed half way. */
  if (ctx->state != NULL && !pgm_follow_setup_remove (ctx->ends, ctx->state, ctx->journal,
                                                      ctx->progress, cancellable, error))
    return FALSE;
  g_clear_pointer (&ctx->state, pgm_follow_state_free);
  return begin_anew (&self, error);
}
