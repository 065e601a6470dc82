#include "config.h"

#include "migration/compare-data.h"

#include <string.h>

#include "migration/compare-rows.h"
#include "migration/compare-units.h"
#include "migration/digest.h"
#include "postgres/quote.h"

#define DEFAULT_MAX_ROWS 20
#define MOST_WORKERS     64

/* What the workers share. */
typedef struct
{
  PgmComparePair *keeper;
  PgmProgress *progress;
  PgmReport *report;
  GPtrArray *units;
  guint max_rows;
  gboolean md5;
  gboolean to_utf8;
  guint64 total;
  GCancellable *cancellable; /* ours: also cancelled when one worker fails */

  GMutex lock;
  guint next;    /* unit to take */
  guint64 done;  /* weight of those compared */
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

void
pgm_table_comparison_fail (PgmTableComparison *self,
                           PgmEnds *ends,
                           const GError *error,
                           PgmReport *report)
{
  g_autofree char *fix = fix_for (self, ends, error);
  g_autofree char *object = g_strdup_printf ("table %s.%s", self->schema, self->name);
  g_autofree char *message = g_utf8_make_valid (error->message, -1);

  set_state (self, "failed");
  self->differing_rows = -1;
  g_free (self->reason);
  self->reason = fix != NULL ? g_strdup_printf ("%s (%s)", message, fix) : g_strdup (message);
  if (report != NULL)
    pgm_report_add_problem (report, object, fix != NULL ? fix : "", message);
}

/* A condition like "WHERE x > 0", of an extension's configuration table. */
static const char *
table_condition (const PgmTable *table)
{
  const char *filter = table->extension_filter;

  if (filter == NULL)
    return NULL;
  while (g_ascii_isspace (*filter))
    filter++;
  return g_ascii_strncasecmp (filter, "where", 5) == 0 ? filter + 5 : filter;
}

static char *
digest_sql (const PgmCompareScope *scope, const PgmTable *table)
{
  return table != NULL ? pgm_digest_select_sql (table, scope->columns, scope->where, scope->md5,
                                                scope->to_utf8)
                       : NULL;
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

static gboolean
compare_digests (Work *work,
                 PgmComparePair *pair,
                 const PgmCompareScope *scope,
                 PgmTableComparison *comparison,
                 GError **error)
{
  g_autofree char *source_sql = digest_sql (scope, scope->source);
  g_autofree char *destination_sql = digest_sql (scope, scope->destination);
  g_autoptr (PgmResult) source = NULL;
  g_autoptr (PgmResult) destination = NULL;
  g_auto (PgmDigest) of_source = { 0 };
  g_auto (PgmDigest) of_destination = { 0 };

  if (!pgm_compare_pair_query (pair, source_sql, destination_sql, &source, &destination,
                               work->cancellable, error))
    return FALSE;
  if (source != NULL)
    pgm_digest_set_from_result (&of_source, source);
  if (destination != NULL)
    pgm_digest_set_from_result (&of_destination, destination);
  comparison->source_rows = of_source.rows;
  comparison->destination_rows = of_destination.rows;

  if (source == NULL || destination == NULL)
    {
      set_state (comparison, source != NULL ? "only-source" : "only-destination");
      comparison->differing_rows = of_source.rows + of_destination.rows;
      return TRUE;
    }
  note_columns (scope, comparison);
  if (pgm_digest_equal (&of_source, &of_destination))
    return TRUE;
  set_state (comparison, "different");
  if (scope->source->kind == 'm' && comparison->reason == NULL)
    comparison->reason = g_strdup ("a materialized view: one side may not be refreshed");
  return pgm_compare_rows (pair, scope, work->max_rows, comparison, work->cancellable, error);
}

static gboolean
compare_unit (Work *work,
              PgmComparePair *pair,
              const PgmCompareUnit *unit,
              PgmTableComparison **result,
              GError **error)
{
  const PgmTable *any = unit->source != NULL ? unit->source : unit->destination;
  PgmCompareScope scope = {
    .source = unit->source,
    .destination = unit->destination,
    .columns = pgm_digest_columns (any, unit->destination),
    .where = table_condition (any),
    .md5 = work->md5,
    .to_utf8 = work->to_utf8,
  };
  PgmTableComparison *comparison = pgm_table_comparison_new (any->schema, any->name);
  g_autoptr (GError) local = NULL;
  gint64 start = g_get_monotonic_time ();
  gboolean ok = compare_digests (work, pair, &scope, comparison, &local);

  comparison->seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_ptr_array_unref (scope.columns);
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
  *result = comparison;
  return TRUE;
}

static const PgmCompareUnit *
take_unit (Work *work)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&work->lock);

  if (work->error != NULL || work->next >= work->units->len)
    return NULL;
  return g_ptr_array_index (work->units, work->next++);
}

static void
put_result (Work *work, const PgmCompareUnit *unit, PgmTableComparison *comparison)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&work->lock);

  g_ptr_array_add (work->report->table_comparisons, comparison);
  work->done += unit->weight;
  pgm_progress_set_units (work->progress, work->done, work->total);
  if (strcmp (comparison->state, "equal") != 0)
    pgm_progress_event (work->progress, "table", "%s.%s: %s", comparison->schema, comparison->name,
                        comparison->state);
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
      const PgmCompareUnit *unit = take_unit (work);
      PgmTableComparison *comparison = NULL;

      if (unit == NULL)
        break;
      pgm_progress_set_activity (work->progress, "comparing %s.%s",
                                 (unit->source != NULL ? unit->source : unit->destination)->schema,
                                 (unit->source != NULL ? unit->source : unit->destination)->name);
      if (compare_unit (work, pair, unit, &comparison, &error))
        put_result (work, unit, comparison);
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
count_workers (const PgmCompareOptions *options, guint units)
{
  guint wanted = CLAMP (g_get_num_processors (), 2, 4);

  if (options->workers > 0)
    wanted = (guint) MIN (options->workers, MOST_WORKERS);
  return CLAMP (units, 1, wanted);
}

static gboolean
compare_tables (Work *work,
                const PgmCompareOptions *options,
                GCancellable *cancellable,
                GError **error)
{
  gboolean ok = FALSE;

  for (guint i = 0; i < work->units->len; i++)
    work->total += ((PgmCompareUnit *) g_ptr_array_index (work->units, i))->weight;
  pgm_progress_set_units (work->progress, 0, work->total);
  g_mutex_init (&work->lock);
  work->cancellable = g_cancellable_new ();
  ok = run_workers (work, count_workers (options, work->units->len), cancellable, error);
  g_clear_object (&work->cancellable);
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

gboolean
pgm_compare_data (PgmComparePair *keeper,
                  const PgmCompareOptions *options,
                  PgmFilter *filter,
                  PgmProgress *progress,
                  PgmReport *report,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (PgmCatalog) source = NULL;
  g_autoptr (PgmCatalog) destination = NULL;
  g_autoptr (GPtrArray) units = NULL;
  PgmEnds *ends = keeper->ends;
  Work work = {
    .keeper = keeper,
    .progress = progress,
    .report = report,
    .max_rows = options->max_rows > 0 ? (guint) MIN (options->max_rows, 100000) : DEFAULT_MAX_ROWS,
    .md5 = pgm_digest_needs_md5 (ends->source->major, ends->destination->major),
    .to_utf8 = pgm_digest_needs_utf8 (ends->source->encoding, ends->destination->encoding),
  };

  source = pgm_catalog_read_structure (keeper->source, cancellable, error);
  if (source == NULL)
    return FALSE;
  destination = pgm_catalog_read_structure (keeper->destination, cancellable, error);
  if (destination == NULL)
    return FALSE;
  units = pgm_compare_units_new (keeper, source, destination, filter, cancellable, error);
  if (units == NULL)
    return FALSE;

  work.units = units;
  if (!compare_tables (&work, options, cancellable, error) ||
      !compare_rest (&work, filter, cancellable, error))
    return FALSE;
  g_ptr_array_sort (report->table_comparisons, compare_names);
  return TRUE;
}
