/* What the files of logical replication share. Only inside this room. */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

/* SQLSTATEs of the server that mean something to us. */
#define PGM_SQLSTATE_UNDEFINED    "42704" /* no such slot, publication, origin */
#define PGM_SQLSTATE_DUPLICATE    "42710"
#define PGM_SQLSTATE_UNIQUE       "23505" /* pg_replication_origin_create() of a name that is taken */
#define PGM_SQLSTATE_IN_USE       "55006"
#define PGM_SQLSTATE_NOT_IN_STATE "55000" /* invalidated, of another database, … */

gboolean pgm_replication_is (const GError *error, const char *sqlstate);

/* An error with one of the @sqlstates becomes @code, with @hint unless the server
 * gave one. What is left of the list after NULL isn't looked at. */
void pgm_replication_recode (GError *error,
                             const char *const *sqlstates,
                             PgmErrorCode code,
                             const char *hint);

/* The last number in @text, where the server's messages name a pid, in whatever
 * language; 0 when there is none. */
int pgm_replication_last_number (const char *text);

/* Ends a backend of the server. Fine when it is gone already. */
gboolean pgm_replication_terminate (PgmConnection *connection,
                                    int pid,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A short sleep between two tries, growing with @round. FALSE when cancelled. */
gboolean pgm_replication_pause (guint round,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
