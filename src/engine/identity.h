/* When two names mean the same database: for the lock of a pair, and for finding a
 * job by its two ends. */
#pragma once

#include "model/job.h"
#include "postgres/conninfo.h"

G_BEGIN_DECLS

/* Two specifications of the same database give the same text; who one is there
 * does not matter. Only what was given counts, no defaults. Transfer full. */
char *pgm_identify_database (PgmConninfo *info);

/* FALSE also when one of them can't be understood. */
gboolean pgm_endpoint_is_same (const PgmEndpoint *a, const PgmEndpoint *b);

G_END_DECLS
