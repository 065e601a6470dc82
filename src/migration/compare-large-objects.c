#include "config.h"

#include "migration/compare-data.h"

#include <string.h>

/* Each large object's size and an md5 over its bytes, read in windows of 1 MiB
 * with what lo_get() allows: pg_largeobject itself is for superusers, and where
 * its pages begin or have holes says nothing about the bytes. The object is
 * opened for reading (INV_READ) only to learn its size. */
static const char digest_sql[] =
    "SELECT l.oid, l.size, (SELECT md5(coalesce(string_agg(md5(lo_get(l.oid, w * 1048576, 1048576)),"
    "   '' ORDER BY w), '')) FROM generate_series(0, (l.size - 1) / 1048576) w WHERE l.size > 0)"
    " FROM (SELECT s.oid, s.size, lo_close(s.fd) FROM (SELECT o.oid, o.fd, lo_lseek64(o.fd, 0, 2)"
    "   AS size FROM (SELECT m.oid, lo_open(m.oid, 262144) AS fd"
    "   FROM pg_largeobject_metadata m ORDER BY m.oid OFFSET 0) o OFFSET 0) s OFFSET 0) l"
    " ORDER BY l.oid";

static char *
row_text (PgmResult *result, guint row)
{
  return g_strdup_printf ("(%s bytes, md5 %s)", pgm_result_get_or (result, row, 1, "0"),
                          pgm_result_get_or (result, row, 2, "of nothing"));
}

static void
add_difference (PgmTableComparison *comparison,
                guint max_rows,
                guint32 oid,
                const char *source,
                const char *destination)
{
  PgmRowDifference *row = NULL;

  comparison->differing_rows++;
  if (comparison->rows->len >= max_rows)
    return;
  row = pgm_record_new (&pgm_row_difference_type);
  row->key = g_strdup_printf ("(oid)=(%u)", oid);
  row->state = g_strdup (destination == NULL ? "only-source"
                         : source == NULL    ? "only-destination"
                                             : "different");
  row->source_row = g_strdup (source);
  row->destination_row = g_strdup (destination);
  g_ptr_array_add (comparison->rows, row);
}

/* Both results are in the order of OIDs. */
static void
compare_objects (PgmTableComparison *comparison, guint max_rows, PgmResult *a, PgmResult *b)
{
  guint i = 0;
  guint j = 0;

  while (i < pgm_result_get_rows (a) || j < pgm_result_get_rows (b))
    {
      guint32 of_a = i < pgm_result_get_rows (a) ? pgm_result_get_oid (a, i, 0) : G_MAXUINT32;
      guint32 of_b = j < pgm_result_get_rows (b) ? pgm_result_get_oid (b, j, 0) : G_MAXUINT32;
      g_autofree char *source = of_a <= of_b ? row_text (a, i++) : NULL;
      g_autofree char *destination = of_b <= of_a ? row_text (b, j++) : NULL;

      if (g_strcmp0 (source, destination) != 0)
        add_difference (comparison, max_rows, MIN (of_a, of_b), source, destination);
    }
}

gboolean
pgm_compare_large_objects (PgmComparePair *pair,
                           guint max_rows,
                           PgmReport *report,
                           GCancellable *cancellable,
                           GError **error)
{
  PgmTableComparison *comparison = pgm_table_comparison_new ("pg_catalog", "pg_largeobject");
  gint64 start = g_get_monotonic_time ();
  g_autoptr (PgmResult) source = NULL;
  g_autoptr (PgmResult) destination = NULL;
  g_autoptr (GError) local = NULL;

  if (!pgm_compare_pair_query (pair, digest_sql, digest_sql, &source, &destination, cancellable,
                               &local))
    {
      if (pgm_compare_error_is_fatal (local))
        {
          pgm_record_unref (comparison);
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      pgm_table_comparison_fail (comparison, pair->ends, local, report);
    }
  else
    {
      comparison->source_rows = pgm_result_get_rows (source);
      comparison->destination_rows = pgm_result_get_rows (destination);
      compare_objects (comparison, max_rows, source, destination);
      if (comparison->differing_rows > 0)
        {
          g_free (comparison->state);
          comparison->state = g_strdup ("different");
        }
    }

  comparison->seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  if (strcmp (comparison->state, "failed") == 0 || comparison->source_rows > 0 ||
      comparison->destination_rows > 0)
    g_ptr_array_add (report->table_comparisons, comparison);
  else
    pgm_record_unref (comparison);
  return TRUE;
}
