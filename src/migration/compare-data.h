/* The rows of both sides: each table by its digest, sequences by their values,
 * large objects by their bytes. */
#pragma once

#include "migration/compare-pair.h"
#include "migration/filter.h"
#include "migration/progress.h"
#include "model/report.h"

G_BEGIN_DECLS

/* Adds a PgmTableComparison for each table to @report->table_comparisons, in the
 * order of names. A partition tree is compared by its leaves when both sides have
 * the same and none is chosen by a hash, else as one table. A table that can't be read has the state "failed",
 * with the reason and what would grant it, also in @report->problems. */
gboolean pgm_compare_data (PgmComparePair *keeper,
                           const PgmCompareOptions *options,
                           PgmFilter *filter,
                           PgmProgress *progress,
                           PgmReport *report,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for the tables in @only alone, a set of names as pgm_quote_qualified()
 * writes them: no sequences and no large objects. */
gboolean pgm_compare_tables (PgmComparePair *keeper,
                             const PgmCompareOptions *options,
                             PgmFilter *filter,
                             GHashTable *only,
                             PgmProgress *progress,
                             PgmReport *report,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sequences that differ in last_value or is_called (compare-sequences.c), and
 * large objects as table pg_catalog.pg_largeobject, when there are any
 * (compare-large-objects.c). */
gboolean pgm_compare_sequences (PgmComparePair *pair,
                                PgmFilter *filter,
                                PgmReport *report,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_compare_large_objects (PgmComparePair *pair,
                                    guint max_rows,
                                    PgmReport *report,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An empty comparison of that name. Transfer full. */
PgmTableComparison *pgm_table_comparison_new (const char *schema, const char *name);

/* Makes it "failed", in words with a hint for @user, and a problem of @report
 * (NULL: not). @end: whose @error it is, when known. */
void pgm_table_comparison_fail (PgmTableComparison *self,
                                PgmEnds *ends,
                                const GError *error,
                                PgmReport *report);

G_END_DECLS
