#include "migration/reverse.h"

#include "core/failpoint.h"
#include "migration/deadline.h"
#include "postgres/quote.h"
#include "postgres/slot.h"

#define NAME_MAX_BYTES 63
#define BLOCKERS_NAMED 5

/* The names of the direction that is prepared. */
typedef struct
{
  const char *slot;        /* on "to" */
  const char *publication; /* on "to" */
  const char *origin;      /* on "from" */
} Names;

static Names
names_of (const PgmReverse *self)
{
  const PgmFollowState *state = self->ctx->state;

  if (self->back)
    return (Names){ state->slot, state->publication, state->origin };
  return (Names){ state->reverse_slot, state->reverse_publication, state->reverse_origin };
}

/* A slot's name has these characters only. */
static char *
make_name (const char *job_id)
{
  g_autofree char *name = g_strdup_printf ("pgmanager_back_%.*s", NAME_MAX_BYTES - 15, job_id);
  g_autofree char *lower = g_ascii_strdown (name, -1);

  return g_strdup (g_strcanon (lower, "abcdefghijklmnopqrstuvwxyz0123456789_", '_'));
}

static void
set_names (PgmFollowState *state, const char *name)
{
  g_free (state->reverse_slot);
  g_free (state->reverse_publication);
  g_free (state->reverse_origin);
  state->reverse_slot = g_strdup (name);
  state->reverse_publication = g_strdup (name);
  state->reverse_origin = g_strdup (name);
}

/* Those that are followed; the schema "pgmanager" is never among them. */
static GStrv
list_tables (const PgmCatalog *catalog)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < catalog->tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (catalog->tables, i);
      g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

      if (table->kind == 'r' && table->persistence == 'p')
        g_strv_builder_add (names, name);
    }
  return g_strv_builder_end (names);
}

static gboolean
make_publication (const PgmReverse *self, GCancellable *cancellable, GError **error)
{
  Names names = names_of (self);
  g_auto (GStrv) tables = list_tables (self->ctx->catalog);
  gboolean exists = FALSE;

  if (!pgm_publication_exists (self->to, names.publication, &exists, cancellable, error))
    return FALSE;
  if (exists && self->back)
    return TRUE;
  /* One of an earlier try may lack tables. */
  if (exists && !pgm_publication_drop (self->to, names.publication, cancellable, error))
    return FALSE;
  return pgm_publication_create (self->to, names.publication, (const char *const *) tables,
                                 cancellable, error);
}

static void
refuse_waiting (const PgmReverse *self, double patience, GError **error)
{
  g_autoptr (GPtrArray) blockers = pgm_slot_list_blockers (self->to, 0, NULL, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; blockers != NULL && i < MIN (blockers->len, BLOCKERS_NAMED); i++)
    {
      const PgmBlocker *blocker = g_ptr_array_index (blockers, i);

      g_string_append_printf (text, "%spid %d (%s, %s, %.0f s): %s", i > 0 ? "; " : "",
                              blocker->pid, blocker->user, blocker->application, blocker->seconds,
                              blocker->query);
    }
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, text->len > 0 ? text->str : NULL,
                      "End those transactions, or wait until they have ended.",
                      "%s: the slot for the way back has waited %g s for old transactions",
                      pgm_connection_get_label (self->to), patience);
}

static gboolean
create_slot (const PgmReverse *self, double patience, GCancellable *cancellable, GError **error)
{
  PgmFollowContext *ctx = self->ctx;
  PgmEnd to = self->back ? PGM_END_SOURCE : PGM_END_DESTINATION;
  g_autoptr (PgmConnection) replication =
      pgm_ends_connect_replication (ctx->ends, to, "slot", cancellable, error);
  g_autoptr (PgmDeadline) deadline = NULL;
  g_autoptr (GError) local = NULL;
  PgmLsn point = 0;

  if (replication == NULL)
    return FALSE;
  deadline = pgm_deadline_new (g_get_monotonic_time () + (gint64) (patience * G_USEC_PER_SEC),
                               cancellable);
  pgm_progress_set_activity (ctx->progress, "slot for the way back: waiting for old transactions");
  if (pgm_slot_create (replication, names_of (self).slot, FALSE, &point, NULL,
                       pgm_deadline_get_cancellable (deadline), &local))
    return TRUE;
  if (pgm_error_is_cancelled (local) && !g_cancellable_is_cancelled (cancellable))
    refuse_waiting (self, patience, error);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
make_slot (const PgmReverse *self, double patience, GCancellable *cancellable, GError **error)
{
  Names names = names_of (self);
  g_autoptr (PgmSlot) slot = NULL;

  if (!pgm_slot_read (self->to, names.slot, &slot, cancellable, error))
    return FALSE;
  /* Somebody else's is only used. */
  if (slot != NULL && self->back && !self->ctx->state->slot_is_ours)
    return TRUE;
  if (slot != NULL && !pgm_slot_drop (self->to, names.slot, TRUE, cancellable, error))
    return FALSE;
  return create_slot (self, patience, cancellable, error);
}

static gboolean
make_origin (const PgmReverse *self, GCancellable *cancellable, GError **error)
{
  const char *name = names_of (self).origin;
  PgmLsn progress = 0;
  gboolean found = FALSE;

  return pgm_origin_read (self->from, name, &found, &progress, cancellable, error) &&
         (found || pgm_origin_create (self->from, name, 0, cancellable, error));
}

gboolean
pgm_reverse_prepare (const PgmReverse *self,
                     double patience,
                     GCancellable *cancellable,
                     GError **error)
{
  PgmFollowContext *ctx = self->ctx;

  /* Named before it is made, so that a crash leaves nothing that is not known. */
  if (!self->back)
    {
      g_autofree char *name = make_name (ctx->state->job_id);

      set_names (ctx->state, name);
      if (!pgm_follow_state_write (ctx->journal, ctx->state, cancellable, error))
        return FALSE;
    }
  return PGM_FAILPOINT ("reverse.named", error) && make_publication (self, cancellable, error) &&
         make_origin (self, cancellable, error) && make_slot (self, patience, cancellable, error) &&
         PGM_FAILPOINT ("reverse.made", error);
}

/* Not where WAL is inserted: what is not flushed may be gone after a crash, and the
 * same positions be those of other transactions. What was applied is flushed. */
gboolean
pgm_reverse_read_start (const PgmReverse *self,
                        PgmLsn *start,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autofree char *text = pgm_connection_query_value (
      self->to, "SELECT pg_catalog.pg_current_wal_flush_lsn()", 0, NULL, cancellable, error);

  return text != NULL && pgm_lsn_parse (text, start, error);
}

static gboolean
drop_slot (PgmConnection *connection, const char *name, GCancellable *cancellable, GError **error)
{
  return name == NULL || pgm_slot_drop (connection, name, TRUE, cancellable, error);
}

/* Never back: the origin may have gone on already. */
static gboolean
advance_origin (PgmConnection *connection,
                const char *name,
                PgmLsn start,
                GCancellable *cancellable,
                GError **error)
{
  char lsn[PGM_LSN_TEXT_SIZE];
  PgmLsn progress = 0;
  gboolean found = FALSE;
  g_autofree char *literal = pgm_quote_literal (name);

  if (name == NULL)
    return TRUE;
  if (!pgm_origin_read (connection, name, &found, &progress, cancellable, error))
    return FALSE;
  if (!found)
    return pgm_origin_create (connection, name, start, cancellable, error);
  return progress >= start ||
         pgm_connection_execf (connection, cancellable, error,
                               "SELECT pg_catalog.pg_replication_origin_advance(%s, '%s')", literal,
                               pgm_lsn_format (start, lsn));
}

gboolean
pgm_reverse_remove (PgmFollowContext *ctx,
                    PgmConnection *source,
                    PgmConnection *destination,
                    GCancellable *cancellable,
                    GError **error)
{
  PgmFollowState *state = ctx->state;

  if (!drop_slot (destination, state->reverse_slot, cancellable, error))
    return FALSE;
  if (state->reverse_publication != NULL &&
      !pgm_publication_drop (destination, state->reverse_publication, cancellable, error))
    return FALSE;
  if (state->reverse_origin != NULL &&
      !pgm_origin_drop (source, state->reverse_origin, cancellable, error))
    return FALSE;
  g_clear_pointer (&state->reverse_slot, g_free);
  g_clear_pointer (&state->reverse_publication, g_free);
  g_clear_pointer (&state->reverse_origin, g_free);
  state->reverse_start = 0;
  return TRUE;
}

gboolean
pgm_reverse_settle (PgmFollowContext *ctx,
                    PgmConnection *source,
                    PgmConnection *destination,
                    GCancellable *cancellable,
                    GError **error)
{
  PgmFollowState *state = ctx->state;

  if (state->cutover == PGM_CUTOVER_DONE)
    return (!state->slot_is_ours || drop_slot (source, state->slot, cancellable, error)) &&
           advance_origin (source, state->reverse_origin, state->reverse_start, cancellable, error);
  if (state->cutover != PGM_CUTOVER_NONE || state->reverse_slot == NULL)
    return TRUE;
  return advance_origin (destination, state->origin, state->consistent_point, cancellable, error) &&
         pgm_reverse_remove (ctx, source, destination, cancellable, error) &&
         pgm_follow_state_write (ctx->journal, state, cancellable, error);
}
