/* What Prometheus reads: the text format 0.0.4, names after the conventions of
 * postgres_exporter and of Prometheus' own client libraries (process_…). Not for other
 * rooms. */
#pragma once

#include "server/hub.h"

G_BEGIN_DECLS

#define PGM_METRICS_MEDIA_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Of the jobs in @hub and of this process; the server's thread. Transfer full. */
char *pgm_metrics_write (PgmHub *hub);

G_END_DECLS
