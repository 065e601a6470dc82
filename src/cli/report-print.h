/* A job's report as text for people or as one JSON line. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

/* @spec says what was asked for. */
void pgm_report_print (PgmReport *report, const PgmJobSpec *spec, PgmOutput output);

/* "equal as of 0/1, 12 s ago", for a line. Transfer full. */
char *pgm_report_verification_text (const PgmVerification *verification);

/* One table that is not equal, for people. */
void pgm_report_print_table (const PgmTableComparison *table);

G_END_DECLS
