#include "config.h"

#include "migration/follow-setup.h"

#include <string.h>

#include "core/failpoint.h"
#include "core/units.h"
#include "migration/progress-row.h"
#include "postgres/quote.h"
#include "postgres/slot.h"

/* Of NAMEDATALEN's 63: the prefix takes 10, the mark 9, a second slot's "_again" 6. */
#define JOB_MAX 36

#define LOOK_US (1 * G_USEC_PER_SEC)

char *
pgm_follow_setup_mark (const PgmEnds *ends)
{
  g_autofree char *both =
      g_strdup_printf ("%" G_GUINT64_FORMAT "\n%s\n%" G_GUINT64_FORMAT "\n%s",
                       ends->source->identity.system_identifier, ends->source->database,
                       ends->destination->identity.system_identifier, ends->destination->database);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, both, -1);

  digest[8] = '\0';
  return g_strconcat ("_", digest, NULL);
}

/* Slots take lower-case letters, digits and underscores only. */
static char *
make_name (const PgmEnds *ends)
{
  g_autofree char *mark = pgm_follow_setup_mark (ends);
  g_autofree char *job = g_ascii_strdown (ends->job_id, -1);

  for (char *p = job; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p))
      *p = '_';
  if (strlen (job) > JOB_MAX)
    job[JOB_MAX] = '\0';
  return g_strconcat (PGM_FOLLOW_PREFIX, job, mark, NULL);
}

static char *
given_or (const char *given, const char *ours)
{
  return g_strdup (given != NULL && *given != '\0' ? given : ours);
}

PgmFollowState *
pgm_follow_setup_plan (const PgmEnds *ends, const PgmFollowOptions *options)
{
  PgmFollowState *state = pgm_follow_state_new ();
  g_autofree char *name = make_name (ends);

  state->job_id = g_strdup (ends->job_id);
  state->slot = given_or (options->slot_name, name);
  state->publication = given_or (options->publication, name);
  state->origin = given_or (options->origin, name);
  state->slot_is_ours = g_str_equal (state->slot, name);
  state->publication_is_ours = g_str_equal (state->publication, name);
  state->source_system_identifier = ends->source->identity.system_identifier;
  state->source_timeline = ends->source->identity.timeline;
  state->source_database = g_strdup (ends->source->database);
  return state;
}

gboolean
pgm_follow_setup_choose (PgmFollowState *state,
                         PgmConnection *destination,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (PgmResult) missing =
      pgm_connection_query (destination, PGM_FOLLOW_MISSING_FUNCTIONS, 0, NULL, cancellable, error);

  if (missing == NULL)
    return FALSE;
  if (pgm_result_get_rows (missing) > 0)
    g_clear_pointer (&state->origin, g_free);
  return TRUE;
}

gboolean
pgm_follow_setup_progress (const PgmFollowState *state,
                           PgmConnection *destination,
                           GCancellable *cancellable,
                           GError **error)
{
  if (state->origin != NULL)
    return pgm_origin_create (destination, state->origin, state->consistent_point, cancellable,
                              error);
  return pgm_progress_row_create (destination, state->job_id, state->consistent_point, cancellable,
                                  error);
}

void
pgm_follow_setup_adopt (PgmEnds *ends, const PgmFollowState *state)
{
  g_free (ends->job_id);
  ends->job_id = g_strdup (state->job_id);
}

gboolean
pgm_follow_takes (const PgmTable *table)
{
  return (table->kind == 'r' || table->kind == 'p') && table->persistence == 'p' &&
         table->extension == NULL;
}

/* With its root, a partition that is attached later is published, too (13 and
 * later; before, only tables with rows of their own may be named). */
static GStrv
list_tables (const PgmEnds *ends, const PgmCatalog *catalog)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < catalog->tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (catalog->tables, i);

      if (!pgm_follow_takes (table) || (table->kind == 'p' && ends->source->major < 13))
        continue;
      g_ptr_array_add (names, pgm_quote_qualified (table->schema, table->name));
    }
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_free (names, FALSE);
}

gboolean
pgm_follow_setup_publication (PgmEnds *ends,
                              const PgmFollowState *state,
                              const PgmCatalog *catalog,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (PgmConnection) source =
      pgm_ends_connect (ends, PGM_END_SOURCE, "setup", cancellable, error);
  g_auto (GStrv) tables = list_tables (ends, catalog);
  gboolean exists = FALSE;

  if (source == NULL ||
      !pgm_publication_exists (source, state->publication, &exists, cancellable, error))
    return FALSE;
  if (!state->publication_is_ours && exists)
    return TRUE;
  if (!state->publication_is_ours)
    {
      pgm_error_set (error, PGM_ERROR_NOT_FOUND, "there is no publication \"%s\" on the source",
                     state->publication);
      return FALSE;
    }
  /* One of ours was made by an attempt that got no further; its list may be old. */
  if (exists && !pgm_publication_drop (source, state->publication, cancellable, error))
    return FALSE;
  if (tables[0] == NULL)
    {
      pgm_error_set (error, PGM_ERROR_NOT_FOUND, "there is no table whose changes can be followed");
      return FALSE;
    }
  return pgm_publication_create (source, state->publication, (const char *const *) tables,
                                 cancellable, error);
}

void
pgm_follow_slot_clear (PgmFollowSlot *self)
{
  g_clear_pointer (&self->replication, pgm_connection_free);
  g_clear_pointer (&self->snapshot, g_free);
}

/* Looks, on a session of its own, for whom the server waits. */
typedef struct
{
  PgmEnds *ends;
  PgmEnd end;
  PgmProgress *progress;
  GCancellable *stop; /* of the slot's creation */
  gint64 deadline;
  GMutex lock;
  GCond changed;
  gboolean done;
  gboolean timed_out;
  char *blockers;
} Lookout;

char *
pgm_follow_describe_blockers (PgmConnection *connection,
                              double min_seconds,
                              GCancellable *cancellable)
{
  g_autoptr (GPtrArray) blockers =
      pgm_slot_list_blockers (connection, min_seconds, cancellable, NULL);
  GString *text = NULL;

  if (blockers == NULL || blockers->len == 0)
    return NULL;
  text = g_string_new (NULL);
  for (guint i = 0; i < blockers->len && i < 3; i++)
    {
      const PgmBlocker *blocker = g_ptr_array_index (blockers, i);
      g_autofree char *age = pgm_format_duration (blocker->seconds);

      g_string_append (text, i > 0 ? "; " : "");
      if (blocker->pid == 0)
        g_string_append_printf (text, "the prepared transaction \"%s\", open for %s",
                                blocker->query != NULL ? blocker->query : "", age);
      else
        g_string_append_printf (text, "process %d (user %s, %s), open for %s: %.80s", blocker->pid,
                                blocker->user != NULL ? blocker->user : "?",
                                blocker->application != NULL ? blocker->application : "?", age,
                                blocker->query != NULL ? blocker->query : "");
    }
  if (blockers->len > 3)
    g_string_append_printf (text, " and %u more", blockers->len - 3);
  return g_string_free (text, FALSE);
}

static void
lookout_see (Lookout *self, PgmConnection *connection)
{
  g_autofree char *blockers =
      connection != NULL ? pgm_follow_describe_blockers (connection, 1, self->stop) : NULL;

  if (blockers != NULL)
    pgm_progress_set_activity (self->progress, "waiting for older transactions of the %s: %s",
                               pgm_end_name (self->end), blockers);
  g_mutex_lock (&self->lock);
  if (blockers != NULL)
    {
      g_free (self->blockers);
      self->blockers = g_steal_pointer (&blockers);
    }
  g_mutex_unlock (&self->lock);
}

static gpointer
lookout_main (gpointer data)
{
  Lookout *self = data;
  g_autoptr (PgmConnection) connection = NULL;

  g_mutex_lock (&self->lock);
  while (!self->done && !self->timed_out)
    {
      if (g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + LOOK_US))
        continue;
      g_mutex_unlock (&self->lock);
      if (connection == NULL)
        connection = pgm_ends_connect (self->ends, self->end, "lookout", self->stop, NULL);
      lookout_see (self, connection);
      g_mutex_lock (&self->lock);
      self->timed_out = !self->done && g_get_monotonic_time () > self->deadline;
    }
  g_mutex_unlock (&self->lock);
  if (self->timed_out)
    g_cancellable_cancel (self->stop);
  return NULL;
}

static void
pass_cancel (GCancellable *cancellable, gpointer stop)
{
  g_cancellable_cancel (stop);
}

static void
explain_timeout (const Lookout *lookout, guint seconds, GError **error)
{
  g_autofree char *age = pgm_format_duration (seconds);
  g_autofree char *detail =
      lookout->blockers != NULL ? g_strdup_printf ("It waits for %s.", lookout->blockers) : NULL;

  g_clear_error (error);
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, detail,
                      "Let these transactions end, or end them (pg_terminate_backend, ROLLBACK"
                      " PREPARED), and start again.",
                      "the %s could not make a replication slot within %s",
                      pgm_end_name (lookout->end), age);
}

/* With somebody who looks at what it waits for, and lets it wait no longer than so. */
static gboolean
create_watched (PgmFollowSlot *slot,
                const char *name,
                gboolean temporary,
                Lookout *lookout,
                GError **error)
{
  GThread *thread = g_thread_new ("lookout", lookout_main, lookout);
  gboolean ok = pgm_slot_create (slot->replication, name, temporary, &slot->consistent_point,
                                 &slot->snapshot, lookout->stop, error);

  g_mutex_lock (&lookout->lock);
  lookout->done = TRUE;
  g_cond_signal (&lookout->changed);
  g_mutex_unlock (&lookout->lock);
  g_thread_join (thread);
  return ok;
}

gboolean
pgm_follow_setup_slot (PgmEnds *ends,
                       PgmEnd end,
                       const char *name,
                       gboolean temporary,
                       guint timeout_seconds,
                       PgmProgress *progress,
                       PgmFollowSlot *slot,
                       GCancellable *cancellable,
                       GError **error)
{
  Lookout lookout = { .ends = ends,
                      .end = end,
                      .progress = progress,
                      .stop = g_cancellable_new (),
                      .deadline =
                          g_get_monotonic_time () + (gint64) timeout_seconds * G_USEC_PER_SEC };
  g_autoptr (GError) failure = NULL;
  gulong chained = 0;
  gboolean ok;

  slot->replication = pgm_ends_connect_replication (ends, end, "slot", cancellable, error);
  if (slot->replication == NULL)
    {
      g_object_unref (lookout.stop);
      return FALSE;
    }
  g_mutex_init (&lookout.lock);
  g_cond_init (&lookout.changed);
  if (cancellable != NULL)
    chained = g_cancellable_connect (cancellable, G_CALLBACK (pass_cancel), lookout.stop, NULL);
  ok = create_watched (slot, name, temporary, &lookout, &failure);
  g_cancellable_disconnect (cancellable, chained);
  if (!ok && lookout.timed_out && !g_cancellable_is_cancelled (cancellable))
    explain_timeout (&lookout, timeout_seconds, &failure);
  g_free (lookout.blockers);
  g_mutex_clear (&lookout.lock);
  g_cond_clear (&lookout.changed);
  g_object_unref (lookout.stop);
  if (ok)
    return PGM_FAILPOINT ("follow.after_slot", error);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
remove_from_source (PgmEnds *ends,
                    const PgmFollowState *state,
                    PgmProgress *progress,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (PgmConnection) source = NULL;

  if (!state->slot_is_ours && !state->publication_is_ours)
    return TRUE;
  source = pgm_ends_connect (ends, PGM_END_SOURCE, "cleanup", cancellable, error);
  if (source == NULL)
    return FALSE;
  if (state->slot_is_ours)
    {
      if (!pgm_slot_drop (source, state->slot, TRUE, cancellable, error))
        return FALSE;
      pgm_progress_event (progress, "cleanup", "slot %s dropped on the source", state->slot);
    }
  if (state->publication_is_ours)
    {
      if (!pgm_publication_drop (source, state->publication, cancellable, error))
        return FALSE;
      pgm_progress_event (progress, "cleanup", "publication %s dropped on the source",
                          state->publication);
    }
  return TRUE;
}

gboolean
pgm_follow_setup_remove (PgmEnds *ends,
                         const PgmFollowState *state,
                         PgmConnection *destination,
                         PgmProgress *progress,
                         GCancellable *cancellable,
                         GError **error)
{
  if (!remove_from_source (ends, state, progress, cancellable, error))
    return FALSE;
  if (state->origin != NULL)
    {
      if (!pgm_origin_drop (destination, state->origin, cancellable, error))
        return FALSE;
      pgm_progress_event (progress, "cleanup", "origin %s dropped on the destination",
                          state->origin);
    }
  else if (!pgm_progress_row_drop (destination, state->job_id, cancellable, error))
    return FALSE;
  return pgm_follow_state_drop (destination, cancellable, error);
}
