#include "config.h"

#include "migration/verify.h"

#include <string.h>

#include "core/failpoint.h"
#include "core/units.h"
#include "migration/compare-data.h"
#include "migration/follow-setup.h"
#include "postgres/quote.h"

/* Transactions that are younger than so many seconds are not worth waiting for
 * before applying is held; where there are older ones all the time, more patience
 * is shown with each attempt, and the hold may last longer. */
#define FIRST_AGE   1
#define LONGEST_AGE 32

/* Seconds: of waiting at one age, between two looks, of everything before digesting. */
#define AGE_SECONDS 20
#define LOOK_US     (200 * G_TIME_SPAN_MILLISECOND)
#define PATIENCE    600

/* What a snapshot carries at most. */
#define MAX_SHOWN_TABLES 20
#define MAX_SHOWN_ROWS   5
#define MAX_SHOWN_TEXT   200

struct _PgmVerify
{
  PgmFollowContext *ctx;
  PgmEnd from; /* is followed */
  PgmEnd to;
  char *publication;
  PgmApplier *applier;
  GCancellable *cancellable;
  PgmProgress *own; /* of the comparison: activity and share */
  PgmReport *report;
  GThread *thread;
  gint64 started_at;
  gint ended;           /* atomic */
  PgmComparePair *pair; /* everything from here on is the thread's until then */
  GHashTable *tables;   /* names that are compared */
  GPtrArray *left_out;
  GError *error;

  GMutex lock; /* of what is shown meanwhile */
  PgmLsn lsn;
  double held_ms;
};

static gboolean
sleep_or_cancel (PgmVerify *self, gint64 microseconds, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + microseconds;

  while (g_get_monotonic_time () < deadline)
    {
      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;
      g_usleep (20 * G_TIME_SPAN_MILLISECOND);
    }
  return TRUE;
}

/* TRUE when no transaction of the followed side is older, or none became younger
 * within the time: then a hold is tried all the same. */
static gboolean
await_young (PgmVerify *self, guint age, gint64 deadline, GError **error)
{
  PgmConnection *connection = pgm_compare_pair_get (self->pair, self->from);
  gint64 end = MIN (deadline, g_get_monotonic_time () + AGE_SECONDS * G_USEC_PER_SEC);

  for (;;)
    {
      g_autofree char *blockers = pgm_follow_describe_blockers (connection, age, self->cancellable);

      if (pgm_connection_is_lost (connection))
        {
          pgm_error_set (error, PGM_ERROR_LOST, "%s: the session of the comparison has ended",
                         pgm_end_name (self->from));
          return FALSE;
        }
      if (blockers == NULL || g_get_monotonic_time () > end)
        return !g_cancellable_set_error_if_cancelled (self->cancellable, error);
      pgm_progress_set_activity (self->own, "waiting for older transactions of the %s: %s",
                                 pgm_end_name (self->from), blockers);
      if (!sleep_or_cancel (self, LOOK_US, error))
        return FALSE;
    }
}

/* Nothing is begun that commits at or beyond the slot's point; what is being written
 * had been received before the slot was asked for, and so was committed before it. */
static gboolean
take_both (PgmVerify *self, PgmFollowSlot *slot, guint seconds, GError **error)
{
  g_autofree char *mark = pgm_follow_setup_mark (self->ctx->ends);
  g_autofree char *name =
      g_strdup_printf (PGM_FOLLOW_PREFIX "verify%s_%08x", mark, g_random_int ());
  gint64 deadline;

  if (!pgm_follow_setup_slot (self->ctx->ends, self->from, name, TRUE, seconds, self->own, slot,
                              self->cancellable, error))
    return FALSE;
  deadline = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
  pgm_applier_hold (self->applier, slot->consistent_point);
  return pgm_applier_wait_flushed (self->applier, slot->consistent_point, deadline,
                                   self->cancellable, error) &&
         PGM_FAILPOINT ("verify.held", error) &&
         pgm_compare_pair_hold (self->pair, self->to, NULL, self->cancellable, error);
}

static gboolean
hold_once (PgmVerify *self, guint seconds, GError **error)
{
  g_auto (PgmFollowSlot) slot = { 0 };
  gint64 began = g_get_monotonic_time ();
  gboolean ok;

  pgm_progress_set_activity (self->own, "taking a snapshot of both sides at one position");
  pgm_applier_hold (self->applier, 1);
  ok = take_both (self, &slot, seconds, error);
  pgm_applier_hold (self->applier, 0);
  if (!ok)
    return FALSE;
  g_mutex_lock (&self->lock);
  self->held_ms = (double) (g_get_monotonic_time () - began) / G_TIME_SPAN_MILLISECOND;
  self->lsn = slot.consistent_point;
  g_mutex_unlock (&self->lock);
  return pgm_compare_pair_hold (self->pair, self->from, slot.snapshot, self->cancellable, error);
}

static gboolean
may_try_again (const GError *error)
{
  return g_error_matches (error, PGM_ERROR, PGM_ERROR_FAILED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static gboolean
take_snapshots (PgmVerify *self, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE * G_USEC_PER_SEC;
  guint age = FIRST_AGE;

  for (;;)
    {
      g_autoptr (GError) local = NULL;

      if (!await_young (self, age, deadline, error))
        return FALSE;
      if (hold_once (self, 2 * age + 1, &local))
        return TRUE;
      if (!may_try_again (local) || g_get_monotonic_time () > deadline)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      pgm_progress_event (self->ctx->progress, "verify", "applied on, to be tried again: %s",
                          local->message);
      age = MIN (age * 2, LONGEST_AGE);
    }
}

/* What the publication has, with the trees that it belongs to: leaves are published,
 * but a tree that is not the same on both sides is compared as one table. */
static const char tables_sql[] =
    "WITH RECURSIVE listed(oid) AS ("
    " SELECT c.oid FROM pg_catalog.pg_publication_tables p"
    " JOIN pg_catalog.pg_namespace n ON n.nspname = p.schemaname"
    " JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename"
    " WHERE p.pubname = $1),"
    " up(oid) AS (SELECT oid FROM listed UNION SELECT i.inhparent FROM up"
    " JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.oid"
    " JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition),"
    " down(oid) AS (SELECT oid FROM listed UNION SELECT i.inhrelid FROM down"
    " JOIN pg_catalog.pg_inherits i ON i.inhparent = down.oid"
    " JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition)"
    " SELECT n.nspname, c.relname, %s"
    " FROM (SELECT oid FROM up UNION SELECT oid FROM down) t"
    " JOIN pg_catalog.pg_class c ON c.oid = t.oid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY 1, 2";

/* A row filter or a list of columns: the other side has not the same rows. */
static const char in_part_sql[] = "EXISTS (SELECT FROM pg_catalog.pg_publication_rel r"
                                  " JOIN pg_catalog.pg_publication b ON b.oid = r.prpubid"
                                  " WHERE b.pubname = $1 AND r.prrelid = c.oid"
                                  " AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL))";

static gboolean
list_tables (PgmVerify *self, GError **error)
{
  PgmConnection *connection = pgm_compare_pair_get (self->pair, self->from);
  const char *params[] = { self->publication };
  g_autofree char *sql = g_strdup_printf (
      tables_sql, pgm_connection_get_major (connection) >= 15 ? in_part_sql : "false");
  g_autoptr (PgmResult) rows =
      pgm_connection_query (connection, sql, 1, params, self->cancellable, error);

  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    {
      g_autofree char *name = pgm_quote_qualified (pgm_result_get_or (rows, row, 0, ""),
                                                   pgm_result_get_or (rows, row, 1, ""));

      if (*pgm_result_get_or (rows, row, 2, "f") == 't')
        g_ptr_array_add (self->left_out, g_steal_pointer (&name));
      else
        g_hash_table_add (self->tables, g_steal_pointer (&name));
    }
  return TRUE;
}

static gboolean
verify (PgmVerify *self, GError **error)
{
  PgmFollowContext *ctx = self->ctx;
  static const PgmCompareOptions options = { .data = TRUE };

  self->pair = pgm_compare_pair_new (ctx->ends, self->cancellable, error);
  return self->pair != NULL && take_snapshots (self, error) && list_tables (self, error) &&
         PGM_FAILPOINT ("verify.digest", error) &&
         pgm_compare_tables (self->pair, &options, ctx->filter, self->tables, self->own,
                             self->report, self->cancellable, error);
}

static gpointer
verify_main (gpointer data)
{
  PgmVerify *self = data;

  if (!verify (self, &self->error) && self->error == NULL)
    pgm_error_set (&self->error, PGM_ERROR_FAILED, "the comparison ended");
  g_clear_pointer (&self->pair, pgm_compare_pair_free);
  g_atomic_int_set (&self->ended, TRUE);
  return NULL;
}

PgmVerify *
pgm_verify_start (PgmFollowContext *ctx, const PgmFollowWay *way)
{
  PgmVerify *self = g_new0 (PgmVerify, 1);

  self->ctx = ctx;
  self->from = way->end;
  self->to = way->end == PGM_END_SOURCE ? PGM_END_DESTINATION : PGM_END_SOURCE;
  self->publication = g_strdup (way->publication);
  self->applier = pgm_applier_ref (ctx->applier);
  self->cancellable = g_cancellable_new ();
  self->own = pgm_progress_new (ctx->ends->job_id, "verify", NULL);
  self->report = pgm_record_new (&pgm_report_type);
  self->tables = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->left_out = g_ptr_array_new_with_free_func (g_free);
  self->started_at = g_get_real_time ();
  g_mutex_init (&self->lock);
  pgm_progress_set_activity (self->own, "connecting");
  self->thread = g_thread_new ("verify", verify_main, self);
  pgm_progress_event (ctx->progress, "verify", "comparing both sides while the changes flow");
  pgm_verify_tell (self);
  return self;
}

gboolean
pgm_verify_is_over (PgmVerify *self)
{
  return g_atomic_int_get (&self->ended);
}

void
pgm_verify_free (PgmVerify *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_pointer (&self->thread, g_thread_join);
  g_clear_error (&self->error);
  g_hash_table_unref (self->tables);
  g_ptr_array_unref (self->left_out);
  pgm_record_unref (self->report);
  pgm_progress_unref (self->own);
  g_object_unref (self->cancellable);
  pgm_applier_unref (self->applier);
  g_mutex_clear (&self->lock);
  g_free (self->publication);
  g_free (self);
}

/* ---- what is shown ---- */

static PgmVerification *
make_record (PgmVerify *self)
{
  PgmVerification *record = pgm_record_new (&pgm_verification_type);

  record->started_at = self->started_at;
  g_mutex_lock (&self->lock);
  record->lsn = self->lsn;
  record->held_ms = self->held_ms;
  g_mutex_unlock (&self->lock);
  return record;
}

void
pgm_verify_tell (PgmVerify *self)
{
  PgmVerification *record = make_record (self);
  PgmSnapshot *own = pgm_progress_compose (self->own);
  PgmProgress *progress = self->ctx->progress;

  record->percent = own->percent;
  record->activity = g_strdup (own->activity);
  pgm_progress_set_verification (progress, record);
  if (own->activity != NULL && pgm_progress_get_phase (progress) == PGM_PHASE_VERIFY)
    pgm_progress_set_activity (progress, "%s (%.0f %%)", own->activity, own->percent);
  pgm_record_unref (own);
  pgm_record_unref (record);
}

static char *
shorten (const char *text)
{
  if (text == NULL || g_utf8_strlen (text, -1) <= MAX_SHOWN_TEXT)
    return g_strdup (text);
  return g_strdup_printf ("%.*s…", (int) (g_utf8_offset_to_pointer (text, MAX_SHOWN_TEXT) - text),
                          text);
}

static PgmTableComparison *
shorten_comparison (const PgmTableComparison *table)
{
  PgmTableComparison *copy = pgm_table_comparison_new (table->schema, table->name);

  g_free (copy->state);
  copy->state = g_strdup (table->state);
  copy->source_rows = table->source_rows;
  copy->destination_rows = table->destination_rows;
  copy->differing_rows = table->differing_rows;
  copy->seconds = table->seconds;
  copy->reason = shorten (table->reason);
  for (guint i = 0; i < table->rows->len && i < MAX_SHOWN_ROWS; i++)
    {
      const PgmRowDifference *row = g_ptr_array_index (table->rows, i);
      PgmRowDifference *shown = pgm_record_new (&pgm_row_difference_type);

      shown->key = shorten (row->key);
      shown->state = g_strdup (row->state);
      shown->source_row = shorten (row->source_row);
      shown->destination_row = shorten (row->destination_row);
      g_ptr_array_add (copy->rows, shown);
    }
  return copy;
}

static void
tell_difference (PgmVerify *self, const PgmTableComparison *table)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = pgm_quote_qualified (table->schema, table->name);
  const PgmRowDifference *first = table->rows->len > 0 ? g_ptr_array_index (table->rows, 0) : NULL;
  g_autofree char *key = first != NULL ? shorten (first->key) : NULL;
  g_autofree char *count =
      table->differing_rows >= 0
          ? g_strdup_printf ("%" G_GINT64_FORMAT " rows differ", table->differing_rows)
          : g_strdup ("many rows differ");

  if (strcmp (table->state, "failed") == 0)
    pgm_error_set (&error, PGM_ERROR_FAILED, "verify: table %s could not be compared: %s", name,
                   table->reason);
  else if (strcmp (table->state, "different") != 0)
    pgm_error_set (&error, PGM_ERROR_FAILED, "verify: table %s is %s", name, table->state);
  else
    pgm_error_set (&error, PGM_ERROR_FAILED, "verify: table %s is different: %s%s%s%s%s", name,
                   count, key != NULL ? ", the first " : "", key != NULL ? key : "",
                   table->reason != NULL ? "; " : "", table->reason != NULL ? table->reason : "");
  pgm_progress_error (self->ctx->progress, error, FALSE);
}

/* All that was found goes to the job's report, the first of it to the pictures. */
static void
take_tables (PgmVerify *self, PgmVerification *record)
{
  GPtrArray *tables = self->report->table_comparisons;

  record->percent = 100;
  record->tables = (gint64) tables->len;
  for (guint i = 0; i < tables->len; i++)
    {
      const PgmTableComparison *table = g_ptr_array_index (tables, i);

      record->rows += (guint64) MAX (
          self->from == PGM_END_SOURCE ? table->source_rows : table->destination_rows, 0);
      if (strcmp (table->state, "equal") == 0)
        continue;
      tell_difference (self, table);
      if (record->differing_tables++ < MAX_SHOWN_TABLES)
        g_ptr_array_add (record->differences, shorten_comparison (table));
    }
  record->equal = record->differing_tables == 0;
}

static void
take_left_out (PgmVerify *self, PgmVerification *record)
{
  g_autofree char *names = NULL;

  if (self->left_out->len == 0)
    return;
  g_ptr_array_add (self->left_out, NULL);
  record->left_out = g_strdupv ((GStrv) self->left_out->pdata);
  names = g_strjoinv (", ", record->left_out);
  pgm_progress_event (self->ctx->progress, "warning",
                      "not compared, since rows or columns of them are not followed: %s", names);
}

static void
keep_in_report (PgmFollowContext *ctx, PgmVerification *record, GPtrArray *tables)
{
  PgmReport *report = ctx->report;

  if (report == NULL)
    return;
  pgm_record_unref (report->verification);
  report->verification = pgm_record_ref (record);
  if (tables == NULL)
    return;
  g_ptr_array_unref (report->table_comparisons);
  report->table_comparisons = g_ptr_array_ref (tables);
}

static void
tell_failure (PgmFollowContext *ctx, PgmVerification *record, const char *reason)
{
  g_autoptr (GError) error = NULL;

  record->error = g_strdup (reason);
  pgm_error_set (&error, PGM_ERROR_FAILED, "verify has no result: %s", reason);
  pgm_progress_error (ctx->progress, error, TRUE);
}

static void
tell_equal (PgmVerify *self, const PgmVerification *record)
{
  char lsn[PGM_LSN_TEXT_SIZE];
  g_autofree char *rows = pgm_format_count (record->rows);

  if (record->equal)
    pgm_progress_event (self->ctx->progress, "verify",
                        "equal as of %s: %" G_GINT64_FORMAT
                        " tables, %s rows; nothing was applied for %.0f ms",
                        pgm_lsn_format (record->lsn, lsn), record->tables, rows, record->held_ms);
}

void
pgm_verify_finish (PgmVerify *self, gboolean cancel)
{
  PgmVerification *record;

  if (cancel)
    g_cancellable_cancel (self->cancellable);
  g_clear_pointer (&self->thread, g_thread_join);
  record = make_record (self);
  record->finished_at = g_get_real_time ();
  if (self->error == NULL)
    {
      take_left_out (self, record);
      take_tables (self, record);
      tell_equal (self, record);
    }
  else if (pgm_error_is_cancelled (self->error))
    tell_failure (self->ctx, record, "the job was asked for something else");
  else
    tell_failure (self->ctx, record, self->error->message);
  keep_in_report (self->ctx, record, self->error == NULL ? self->report->table_comparisons : NULL);
  pgm_progress_set_verification (self->ctx->progress, record);
  pgm_record_unref (record);
}

void
pgm_verify_refuse (PgmFollowContext *ctx, const char *reason)
{
  PgmVerification *record = pgm_record_new (&pgm_verification_type);

  record->started_at = record->finished_at = g_get_real_time ();
  tell_failure (ctx, record, reason);
  keep_in_report (ctx, record, NULL);
  pgm_progress_set_verification (ctx->progress, record);
  pgm_record_unref (record);
}
