/* What a name means here and elsewhere, and when two names mean the same database: for the lock of a pair, and for finding a
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

/* Writes into @endpoint what libpq's environment variables say and it leaves open, so
 * that it means the same in another process. One that names a service stays as it is:
 * what the service says goes before the environment. */
void pgm_endpoint_complete (PgmEndpoint *endpoint);

G_END_DECLS
