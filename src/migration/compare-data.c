#include "config.h"

#include "migration/compare-data.h"

#include <string.h>

#include "migration/compare-pieces.h"
#include "postgres/quote.h"

#define DEFAULT_MAX_ROWS 20
#define MOST_WORKERS     64

/* The work is the servers', whatever the machine that we are on. */
#define DEFAULT_WORKERS 4

/* Tables from this size on are cut, and how much of one is digested in one
 * statement: a second or so. Ranges of blocks are not read through a small ring
 * of buffers as whole tables are, which costs a twelfth. */
#define CUT_FROM    (G_GUINT64_CONSTANT (1) << 30)
#define PIECE_BYTES (G_GUINT64_CONSTANT (128) << 20)

/* What the workers share. */
typedef struct
{
  PgmComparePair *keeper;
  PgmProgress *progress;
  PgmReport *report;
  GPtrArray *tables; /* PgmComparePieces, largest first */
  guint max_rows;
  gboolean md5;
  gboolean to_utf8;
  guint64 total;
  GCancellable *cancellable; /* ours: also cancelled when one worker fails */

  GMutex lock;
  guint next;    /* table that pieces are taken of */
  guint64 done;  /* weight of what is compared */
  GError *error; /* the first one */
} Work;

PgmTableComparison *
pgm_table_comparison_new (const char *schema, const char *name)
{
  PgmTableComparison *self = pgm_record_new (&pgm_table_comparison_type);

  self->schema = g_utf8_make_valid (schema, -1);
  self->name = g_utf8_make_valid (name, -1);
  self->state = g_strdup ("equal");
  return self;
}

static void
set_state (PgmTableComparison *self, const char *state)
{
  g_free (self->state);
  self->state = g_strdup (state);
}

/* What would let us read it. The error names the side, and says what was asked of
 * whom in words that PostgreSQL has kept for all supported versions. */
static char *
fix_for (const PgmTableComparison *self, PgmEnds *ends, const GError *error)
{
  g_autofree char *name = pgm_quote_qualified (self->schema, self->name);
  g_autofree char *schema = pgm_quote_identifier (self->schema);
  gboolean is_destination = g_str_has_prefix (error->message, "destination");
  const PgmServerInfo *server = is_destination ? ends->destination : ends->source;
  g_autofree char *user = pgm_quote_identifier (server->user);
  const char *large_object = strstr (error->message, "large object ");

  if (g_strcmp0 (pgm_error_get_sqlstate (error), "42501") != 0)
    return NULL;
  if (strstr (error->message, "row-level security") != NULL)
    return g_strdup_printf ("ALTER ROLE %s BYPASSRLS;", user);
  if (large_object != NULL)
    return g_strdup_printf ("GRANT SELECT ON LARGE OBJECT %s TO %s;",
                            large_object + strlen ("large object "), user);
  if (strstr (error->message, "for schema") != NULL)
    return g_strdup_printf ("GRANT USAGE ON SCHEMA %s TO %s; GRANT SELECT ON %s TO %s;", schema,
                            user, name, user);
  return g_strdup_printf ("GRANT SELECT ON %s TO %s;", name, user);
}

/* 54000, or an internal error, depending on where the limit of 1 GB is met. */
static gboolean
is_too_long (const GError *error)
{
  return g_strcmp0 (pgm_error_get_sqlstate (error), "54000") == 0 ||
         strstr (error->message, "invalid memory alloc request size") != NULL;
}

void
pgm_table_comparison_fail (PgmTableComparison *self,
                           PgmEnds *ends,
                           const GError *error,
                           PgmReport *report)
{
  g_autofree char *fix = fix_for (self, ends, error);
  g_autofree char *object = g_strdup_printf ("table %s.%s", self->schema, self->name);
  g_autofree char *valid = g_utf8_make_valid (error->message, -1);
  g_autofree char *message =
      is_too_long (error)
          ? g_strdup_printf ("can't be digested, the text of a row being beyond 1 GB: %s", valid)
          : g_strdup (valid);

  set_state (self, "failed");
  self->differing_rows = -1;
  g_free (self->reason);
  self->reason = fix != NULL ? g_strdup_printf ("%s (%s)", message, fix) : g_strdup (message);
  if (report != NULL)
    pgm_report_add_problem (report, object, fix != NULL ? fix : "", message);
}

static void
append_missing (GString *text, const PgmTable *table, GPtrArray *columns, const char *side)
{
  for (guint i = 0; i < table->columns->len; i++)
    {
      const PgmColumn *column = g_ptr_array_index (table->columns, i);

      if (!g_ptr_array_find_with_equal_func (columns, column->name, g_str_equal, NULL))
        g_string_append_printf (text, "%scolumn %s is only in the %s", text->len > 0 ? "; " : "",
                                column->name, side);
    }
}

/* A column that one side lacks is a difference of rows too, though no row can
 * show it. */
static void
note_columns (const PgmCompareScope *scope, PgmTableComparison *comparison)
{
  g_autoptr (GString) text = g_string_new (NULL);

  append_missing (text, scope->source, scope->columns, "source");
  append_missing (text, scope->destination, scope->columns, "destination");
  if (text->len == 0)
    return;
  set_state (comparison, "different");
  comparison->reason = g_utf8_make_valid (text->str, -1);
}

/* All pieces are in: what they say together. */
static gboolean
judge_pieces (Work *work,
              PgmComparePair *pair,
              PgmComparePieces *pieces,
              PgmTableComparison *comparison,
              GError **error)
{
  const PgmCompareScope *scope = &pieces->scope;

  comparison->source_rows = pieces->of_source.rows;
  comparison->destination_rows = pieces->of_destination.rows;
  if (scope->source == NULL || scope->destination == NULL)
    {
      set_state (comparison, scope->source != NULL ? "only-source" : "only-destination");
      comparison->differing_rows = comparison->source_rows + comparison->destination_rows;
      return TRUE;
    }
  note_columns (scope, comparison);
  if (pgm_digest_equal (&pieces->of_source, &pieces->of_destination))
    return TRUE;
  set_state (comparison, "different");
  if (scope->source->kind == 'm' && comparison->reason == NULL)
    comparison->reason = g_strdup ("a materialized view has the rows of its last REFRESH, and a"
                                   " clone refreshes its own: REFRESH it on the source as well,"
                                   " then compare again");
  return pgm_compare_rows (pair, scope, work->max_rows, comparison, work->cancellable, error);
}

static void
put_result (Work *work, PgmTableComparison *comparison)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&work->lock);

  g_ptr_array_add (work->report->table_comparisons, comparison);
  if (strcmp (comparison->state, "equal") != 0)
    pgm_progress_event (work->progress, "table", "%s.%s: %s", comparison->schema, comparison->name,
                        comparison->state);
}

static gboolean
conclude_table (Work *work, PgmComparePair *pair, PgmComparePieces *pieces, GError **error)
{
  const PgmTable *table = pgm_compare_pieces_get_table (pieces);
  PgmTableComparison *comparison = pgm_table_comparison_new (table->schema, table->name);
  g_autoptr (GError) local = g_steal_pointer (&pieces->error);
  gboolean ok = local == NULL && judge_pieces (work, pair, pieces, comparison, &local);

  comparison->seconds = (double) (g_get_monotonic_time () - pieces->started) / G_USEC_PER_SEC;
  if (!ok && pgm_compare_error_is_fatal (local))
    {
      pgm_record_unref (comparison);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!ok)
    {
      g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&work->lock);

      g_ptr_array_set_size (comparison->rows, 0);
      pgm_table_comparison_fail (comparison, work->keeper->ends, local, work->report);
    }
  put_result (work, comparison);
  return TRUE;
}

/* The next piece of the first table that has any; none is needed of one that failed. */
static PgmComparePieces *
take_piece (Work *work, guint *number, gboolean *is_needed)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&work->lock);
  PgmComparePieces *pieces = NULL;

  if (work->error != NULL)
    return NULL;
  for (; work->next < work->tables->len; work->next++)
    {
      pieces = g_ptr_array_index (work->tables, work->next);
      if (pieces->next < pieces->n)
        break;
    }
  if (work->next >= work->tables->len)
    return NULL;
  if (pieces->next == 0)
    pieces->started = g_get_monotonic_time ();
  *number = pieces->next++;
  *is_needed = pieces->error == NULL;
  return pieces;
}

/* TRUE when it was the last one. */
static gboolean
put_piece (Work *work,
           PgmComparePieces *pieces,
           const PgmDigest *source,
           const PgmDigest *destination,
           GError *error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&work->lock);
  guint64 weight = pieces->unit->weight;
  guint before = pieces->n - pieces->left;

  pgm_digest_add (&pieces->of_source, source);
  pgm_digest_add (&pieces->of_destination, destination);
  if (pieces->error == NULL)
    pieces->error = error;
  else
    g_clear_error (&error);
  /* Every piece's share, and with the last one whatever is left of the whole. */
  work->done += pieces->left == 1 ? weight - weight / pieces->n * before : weight / pieces->n;
  pgm_progress_set_units (work->progress, work->done, work->total);
  return --pieces->left == 0;
}

static gboolean
compare_piece (Work *work,
               PgmComparePair *pair,
               PgmComparePieces *pieces,
               guint number,
               gboolean is_needed,
               GError **error)
{
  const PgmTable *table = pgm_compare_pieces_get_table (pieces);
  g_auto (PgmDigest) source = { 0 };
  g_auto (PgmDigest) destination = { 0 };
  GError *local = NULL;

  pgm_progress_set_activity (work->progress, "comparing %s.%s", table->schema, table->name);
  if (is_needed &&
      !pgm_compare_pieces_read (pieces, number, pair, &source, &destination, work->cancellable,
                                &local) &&
      pgm_compare_error_is_fatal (local))
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  return !put_piece (work, pieces, &source, &destination, local) ||
         conclude_table (work, pair, pieces, error);
}

static void
put_error (Work *work, GError *error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&work->lock);

  if (work->error == NULL)
    work->error = error;
  else
    g_error_free (error);
  g_cancellable_cancel (work->cancellable);
}

static gpointer
run_worker (gpointer data)
{
  Work *work = data;
  GError *error = NULL;
  g_autoptr (PgmComparePair) pair =
      pgm_compare_pair_import (work->keeper, work->cancellable, &error);

  while (error == NULL)
    {
      guint number = 0;
      gboolean is_needed = FALSE;
      PgmComparePieces *pieces = take_piece (work, &number, &is_needed);

      if (pieces == NULL || !compare_piece (work, pair, pieces, number, is_needed, &error))
        break;
    }
  if (error != NULL)
    put_error (work, error);
  return NULL;
}

static void
forward_cancel (GCancellable *outer, gpointer inner)
{
  g_cancellable_cancel (inner);
}

static gboolean
run_workers (Work *work, guint n_workers, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  gulong handler = 0;

  if (cancellable != NULL)
    handler =
        g_cancellable_connect (cancellable, G_CALLBACK (forward_cancel), work->cancellable, NULL);
  for (guint i = 0; i < n_workers; i++)
    g_ptr_array_add (threads, g_thread_new ("compare", run_worker, work));
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, handler);
  if (work->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&work->error));
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const PgmTableComparison *first = *(PgmTableComparison *const *) a;
  const PgmTableComparison *second = *(PgmTableComparison *const *) b;
  int order = strcmp (first->schema, second->schema);

  return order != 0 ? order : strcmp (first->name, second->name);
}

static guint
count_workers (const PgmCompareOptions *options, guint pieces)
{
  guint wanted =
      options->workers > 0 ? (guint) MIN (options->workers, MOST_WORKERS) : DEFAULT_WORKERS;

  return CLAMP (pieces, 1, wanted);
}

/* Cuts the tables. How many pieces there are. */
static guint
cut_tables (Work *work, GPtrArray *units)
{
  guint n = 0;

  work->tables = g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_compare_pieces_free);
  for (guint i = 0; i < units->len; i++)
    {
      const PgmCompareUnit *unit = g_ptr_array_index (units, i);
      guint64 piece_bytes = unit->weight >= CUT_FROM ? PIECE_BYTES : unit->weight;
      PgmComparePieces *pieces =
          pgm_compare_pieces_new (unit, work->keeper->ends, piece_bytes, work->md5, work->to_utf8);

      g_ptr_array_add (work->tables, pieces);
      work->total += unit->weight;
      n += pieces->n;
    }
  return n;
}

static gboolean
compare_units (Work *work,
               GPtrArray *units,
               const PgmCompareOptions *options,
               GCancellable *cancellable,
               GError **error)
{
  guint n = cut_tables (work, units);
  gboolean ok = FALSE;

  pgm_progress_set_units (work->progress, 0, work->total);
  g_mutex_init (&work->lock);
  work->cancellable = g_cancellable_new ();
  ok = run_workers (work, count_workers (options, n), cancellable, error);
  g_clear_object (&work->cancellable);
  g_clear_pointer (&work->tables, g_ptr_array_unref);
  g_mutex_clear (&work->lock);
  return ok;
}

/* What is not in tables, under a pair of its own: a statement that fails would
 * end the keeper's snapshot. */
static gboolean
compare_rest (Work *work, PgmFilter *filter, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmComparePair) pair = pgm_compare_pair_import (work->keeper, cancellable, error);

  if (pair == NULL)
    return FALSE;
  pgm_progress_set_activity (work->progress, "comparing sequences");
  if (!pgm_compare_sequences (pair, filter, work->report, cancellable, error))
    return FALSE;
  if (pgm_filter_is_active (filter))
    return TRUE;
  pgm_progress_set_activity (work->progress, "comparing large objects");
  return pgm_compare_large_objects (pair, work->max_rows, work->report, cancellable, error);
}

static void
keep_only (GPtrArray *units, GHashTable *only)
{
  for (guint i = units->len; i > 0; i--)
    {
      const PgmCompareUnit *unit = g_ptr_array_index (units, i - 1);
      const PgmTable *table = unit->source != NULL ? unit->source : unit->destination;
      g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

      if (!g_hash_table_contains (only, name))
        g_ptr_array_remove_index (units, i - 1);
    }
}

/* @only: NULL for all tables that the filter takes. */
static gboolean
compare_tables (Work *work,
                const PgmCompareOptions *options,
                PgmFilter *filter,
                GHashTable *only,
                GCancellable *cancellable,
                GError **error)
{
  PgmComparePair *keeper = work->keeper;
  g_autoptr (PgmCatalog) source = NULL;
  g_autoptr (PgmCatalog) destination = NULL;
  g_autoptr (GPtrArray) units = NULL;

  source = pgm_catalog_read_structure (keeper->source, cancellable, error);
  if (source == NULL)
    return FALSE;
  destination = pgm_catalog_read_structure (keeper->destination, cancellable, error);
  if (destination == NULL)
    return FALSE;
  units = pgm_compare_units_new (keeper, source, destination, filter, cancellable, error);
  if (units == NULL)
    return FALSE;
  if (only != NULL)
    keep_only (units, only);
  return compare_units (work, units, options, cancellable, error);
}

static Work
work_of (PgmComparePair *keeper,
         const PgmCompareOptions *options,
         PgmProgress *progress,
         PgmReport *report)
{
  PgmEnds *ends = keeper->ends;

  return (Work){
    .keeper = keeper,
    .progress = progress,
    .report = report,
    .max_rows = options->max_rows > 0 ? (guint) MIN (options->max_rows, 100000) : DEFAULT_MAX_ROWS,
    .md5 = pgm_digest_needs_md5 (ends->source->major, ends->destination->major),
    .to_utf8 = pgm_digest_needs_utf8 (ends->source->encoding, ends->destination->encoding),
  };
}

gboolean
pgm_compare_tables (PgmComparePair *keeper,
                    const PgmCompareOptions *options,
                    PgmFilter *filter,
                    GHashTable *only,
                    PgmProgress *progress,
                    PgmReport *report,
                    GCancellable *cancellable,
                    GError **error)
{
  Work work = work_of (keeper, options, progress, report);

  if (!compare_tables (&work, options, filter, only, cancellable, error))
    return FALSE;
  g_ptr_array_sort (report->table_comparisons, compare_names);
  return TRUE;
}

gboolean
pgm_compare_data (PgmComparePair *keeper,
                  const PgmCompareOptions *options,
                  PgmFilter *filter,
                  PgmProgress *progress,
                  PgmReport *report,
                  GCancellable *cancellable,
                  GError **error)
{
  Work work = work_of (keeper, options, progress, report);

  if (!compare_tables (&work, options, filter, NULL, cancellable, error) ||
      !compare_rest (&work, filter, cancellable, error))
    return FALSE;
  g_ptr_array_sort (report->table_comparisons, compare_names);
  return TRUE;
}
