#include "config.h"

#include "migration/compare.h"

#include <string.h>

#include "migration/compare-data.h"
#include "migration/compare-pair.h"
#include "migration/compare-schema.h"

static void
describe_ends (PgmReport *report, PgmEnds *ends)
{
  if (report->source == NULL)
    report->source = pgm_conninfo_describe (ends->source_info);
  if (report->destination == NULL)
    report->destination = pgm_conninfo_describe (ends->destination_info);
  if (report->source_version == NULL)
    report->source_version = g_strdup (ends->source->version_text);
  if (report->destination_version == NULL)
    report->destination_version = g_strdup (ends->destination->version_text);
}

/* A table that could not be read is not equal. */
static void
conclude (PgmReport *report)
{
  report->outcome = report->objects->len > 0 ? PGM_OUTCOME_DIFFERENT : PGM_OUTCOME_DONE;
  for (guint i = 0; i < report->table_comparisons->len; i++)
    {
      const PgmTableComparison *table = g_ptr_array_index (report->table_comparisons, i);

      report->rows += (guint64) MAX (table->source_rows, 0);
      if (strcmp (table->state, "equal") != 0)
        report->outcome = PGM_OUTCOME_DIFFERENT;
    }
  report->tables = report->table_comparisons->len;
}

static gboolean
compare (const PgmCompareOptions *options,
         PgmEnds *ends,
         PgmFilter *filter,
         PgmProgress *progress,
         PgmReport *report,
         GCancellable *cancellable,
         GError **error)
{
  gboolean both = options->schema == options->data;
  g_autoptr (PgmComparePair) keeper = pgm_compare_pair_export (ends, cancellable, error);

  if (keeper == NULL ||
      !pgm_filter_check (filter, keeper->source, keeper->destination, cancellable, error))
    return FALSE;
  pgm_progress_set_phase (progress, PGM_PHASE_VERIFY);
  if (both || options->schema)
    {
      pgm_progress_set_activity (progress, "comparing catalogs");
      if (!pgm_compare_schema (keeper, options, filter, report, cancellable, error))
        return FALSE;
    }
  if (both || options->data)
    return pgm_compare_data (keeper, options, filter, progress, report, cancellable, error);
  return TRUE;
}

gboolean
pgm_compare_run (const PgmJobSpec *spec,
                 PgmProgress *progress,
                 PgmReport *report,
                 GCancellable *cancellable,
                 GError **error)
{
  static const PgmCompareOptions defaults = { 0 };
  const PgmCompareOptions *options = spec->compare != NULL ? spec->compare : &defaults;
  g_autoptr (PgmFilter) filter = NULL;
  g_autoptr (PgmEnds) ends = NULL;

  filter = pgm_filter_new ((const char *const *) options->include,
                           (const char *const *) options->exclude, error);
  if (filter == NULL)
    return FALSE;
  pgm_progress_set_phase (progress, PGM_PHASE_CONNECTING);
  ends = pgm_ends_open (spec, cancellable, error);
  if (ends == NULL)
    return FALSE;
  describe_ends (report, ends);
  if (!compare (options, ends, filter, progress, report, cancellable, error))
    return FALSE;
  conclude (report);
  return TRUE;
}
