/* What the tests of the cutover share: ends of a job on real servers, and sessions
 * of an application. */
#pragma once

#include "fixture/cluster.h"
#include "migration/ends.h"

G_BEGIN_DECLS

/* @user: of the source; NULL: the superuser. Aborts on failure. */
PgmJobSpec *pgm_cutover_spec (PgmTestCluster *source,
                              const char *source_database,
                              const char *user,
                              PgmTestCluster *destination,
                              const char *destination_database);
PgmEnds *pgm_cutover_ends (PgmTestCluster *cluster, const char *database, const char *user);
PgmConnection *pgm_cutover_connect (PgmEnds *ends, PgmEnd end, const char *role);

/* A session that isn't ours, as @user. */
PgmConnection *
pgm_cutover_application (PgmTestCluster *cluster, const char *database, const char *user);
/* Can @user log in? */
gboolean pgm_cutover_gets_in (PgmTestCluster *cluster, const char *database, const char *user);

/* Everything that a fence may change, as text: who may connect and who granted it,
 * settings of the database, who may log in. */
char *pgm_cutover_footprint (PgmTestCluster *cluster);

/* Runs @sql on @connection in a thread; joined by pgm_cutover_finish(), which returns
 * the error or NULL (transfer full). */
typedef struct _PgmCutoverJob PgmCutoverJob;
PgmCutoverJob *pgm_cutover_start (PgmConnection *connection, const char *sql);
GError *pgm_cutover_finish (PgmCutoverJob *job);
/* Since it was started, in milliseconds, until it ended. */
double pgm_cutover_took (PgmCutoverJob *job);
void pgm_cutover_job_free (PgmCutoverJob *job);

G_END_DECLS
