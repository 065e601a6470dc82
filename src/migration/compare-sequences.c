#include "config.h"

#include "migration/compare-data.h"

#include <string.h>

#include "postgres/quote.h"

/* Sequences read by one statement: each is a relation to lock. */
#define BATCH 200

/* Those that both sides have. Both lists come sorted by the same order. */
typedef struct
{
  char *schema;
  char *name;
} Sequence;

static const char list_sql[] =
    "SELECT n.nspname, c.relname, coalesce(o.nspname, n.nspname), o.relname"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN LATERAL (SELECT tn.nspname, t.relname FROM pg_depend d"
    "   JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace"
    "   WHERE d.objid = c.oid AND d.classid = 'pg_catalog.pg_class'::regclass"
    "   AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0"
    "   AND d.deptype IN ('a', 'i') LIMIT 1) o ON true"
    " WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND left(n.nspname, 3) <> 'pg_'"
    " AND n.nspname NOT IN ('information_schema', 'pgmanager')"
    " AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass"
    "   AND e.objid = c.oid AND e.objsubid = 0 AND e.deptype = 'e')"
    " ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

static void
sequence_free (gpointer data)
{
  Sequence *sequence = data;

  g_free (sequence->schema);
  g_free (sequence->name);
  g_free (sequence);
}

/* An owned sequence is taken with its table. */
static gboolean
takes (PgmFilter *filter, PgmResult *result, guint row)
{
  const char *schema = pgm_result_get_or (result, row, 2, "");
  const char *table = pgm_result_get (result, row, 3);

  if (!pgm_filter_is_active (filter))
    return TRUE;
  return table != NULL ? pgm_filter_takes (filter, schema, table)
                       : pgm_filter_takes_schema (filter, schema);
}

static char *
row_key (PgmResult *result, guint row)
{
  return g_strdup_printf ("%s\n%s", pgm_result_get_or (result, row, 0, ""),
                          pgm_result_get_or (result, row, 1, ""));
}

static GPtrArray *
list_common (PgmResult *source, PgmResult *destination, PgmFilter *filter)
{
  GPtrArray *common = g_ptr_array_new_with_free_func (sequence_free);
  g_autoptr (GHashTable) there = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint row = 0; row < pgm_result_get_rows (destination); row++)
    g_hash_table_add (there, row_key (destination, row));
  for (guint row = 0; row < pgm_result_get_rows (source); row++)
    {
      g_autofree char *key = row_key (source, row);
      Sequence *sequence = NULL;

      if (!g_hash_table_contains (there, key) || !takes (filter, source, row))
        continue;
      sequence = g_new0 (Sequence, 1);
      sequence->schema = g_strdup (pgm_result_get (source, row, 0));
      sequence->name = g_strdup (pgm_result_get (source, row, 1));
      g_ptr_array_add (common, sequence);
    }
  return common;
}

static char *
batch_sql (GPtrArray *sequences, guint first, guint end)
{
  GString *sql = g_string_new (NULL);

  for (guint i = first; i < end; i++)
    {
      const Sequence *sequence = g_ptr_array_index (sequences, i);

      g_string_append_printf (sql, "%sSELECT %u, last_value, is_called FROM ",
                              i > first ? " UNION ALL " : "", i);
      pgm_quote_append_qualified (sql, sequence->schema, sequence->name);
    }
  g_string_append (sql, " ORDER BY 1");
  return g_string_free (sql, FALSE);
}

static char *
value_text (PgmResult *result, guint row)
{
  return g_strdup_printf ("(last_value, is_called)=(%s,%s)", pgm_result_get_or (result, row, 1, ""),
                          pgm_result_get_or (result, row, 2, ""));
}

static void
add_difference (PgmReport *report,
                const Sequence *sequence,
                const char *source,
                const char *destination)
{
  PgmTableComparison *comparison = pgm_table_comparison_new (sequence->schema, sequence->name);
  PgmRowDifference *row = pgm_record_new (&pgm_row_difference_type);

  g_free (comparison->state);
  comparison->state = g_strdup ("different");
  comparison->source_rows = 1;
  comparison->destination_rows = 1;
  comparison->differing_rows = 1;
  row->key = g_strdup ("value of the sequence");
  row->state = g_strdup ("different");
  row->source_row = g_strdup (source);
  row->destination_row = g_strdup (destination);
  g_ptr_array_add (comparison->rows, row);
  g_ptr_array_add (report->table_comparisons, comparison);
}

static void
compare_values (GPtrArray *sequences,
                guint first,
                PgmResult *source,
                PgmResult *destination,
                PgmReport *report)
{
  for (guint row = 0; row < pgm_result_get_rows (source); row++)
    {
      g_autofree char *at_source = value_text (source, row);
      g_autofree char *at_destination = value_text (destination, row);

      if (strcmp (at_source, at_destination) != 0)
        add_difference (report, g_ptr_array_index (sequences, first + row), at_source,
                        at_destination);
    }
}

static gboolean
compare_batch (PgmComparePair *pair,
               GPtrArray *sequences,
               guint first,
               guint end,
               PgmReport *report,
               GCancellable *cancellable,
               GError **error)
{
  g_autofree char *sql = batch_sql (sequences, first, end);
  g_autoptr (PgmResult) source = NULL;
  g_autoptr (PgmResult) destination = NULL;
  g_autoptr (GError) local = NULL;
  const Sequence *sequence = g_ptr_array_index (sequences, first);
  PgmTableComparison *failed = NULL;

  if (pgm_compare_pair_query (pair, sql, sql, &source, &destination, cancellable, &local))
    {
      compare_values (sequences, first, source, destination, report);
      return TRUE;
    }
  if (pgm_compare_error_is_fatal (local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  /* One of them can't be read: find out which, one by one. */
  for (guint i = first; end - first > 1 && i < end; i++)
    if (!compare_batch (pair, sequences, i, i + 1, report, cancellable, error))
      return FALSE;
  if (end - first > 1)
    return TRUE;
  failed = pgm_table_comparison_new (sequence->schema, sequence->name);
  pgm_table_comparison_fail (failed, pair->ends, local, report);
  g_ptr_array_add (report->table_comparisons, failed);
  return TRUE;
}

gboolean
pgm_compare_sequences (PgmComparePair *pair,
                       PgmFilter *filter,
                       PgmReport *report,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (PgmResult) source = NULL;
  g_autoptr (PgmResult) destination = NULL;
  g_autoptr (GPtrArray) common = NULL;

  if (!pgm_compare_pair_query (pair, list_sql, list_sql, &source, &destination, cancellable, error))
    return FALSE;
  common = list_common (source, destination, filter);
  for (guint first = 0; first < common->len; first += BATCH)
    if (!compare_batch (pair, common, first, MIN (first + BATCH, common->len), report, cancellable,
                        error))
      return FALSE;
  return TRUE;
}
