/* Running pgm_compare_run() in a test, and looking into its report. */
#pragma once

#include "fixture/cluster.h"
#include "migration/compare.h"

G_BEGIN_DECLS

/* Compares with @options (may be NULL; taken); aborts when it can't be made. */
PgmReport *
comparison_run (const char *source_uri, const char *destination_uri, PgmCompareOptions *options);
PgmCompareOptions *comparison_options (gboolean schema, gboolean data);

const PgmObjectDifference *
comparison_find_object (PgmReport *report, const char *object_class, const char *identity);
const PgmTableComparison *
comparison_find_table (PgmReport *report, const char *schema, const char *name);
const PgmRowDifference *comparison_find_row (const PgmTableComparison *table, const char *key);

/* Everything that differs, a line each, for messages. Transfer full. */
char *comparison_describe (PgmReport *report);
void comparison_assert_equal (PgmReport *report);

G_END_DECLS
