/* The two ends of a job: endpoints of the model turned into connection
 * parameters, and the sessions opened from them. */
#pragma once

#include "model/job.h"
#include "postgres/server.h"

G_BEGIN_DECLS

typedef struct
{
  PgmConninfo *source_info;
  PgmConninfo *destination_info;
  PgmServerInfo *source; /* facts, read by pgm_ends_open() */
  PgmServerInfo *destination;
  char *job_id;
  gboolean on_one_machine; /* both servers and we, as far as addresses tell */
  gint owned;              /* see pgm_ends_own(); atomic */
} PgmEnds;

typedef enum
{
  PGM_END_SOURCE,
  PGM_END_DESTINATION,
} PgmEnd;

/* "source", "destination": as messages name them. */
const char *pgm_end_name (PgmEnd end);

/* Connects to both once, reads their facts and closes again. */
PgmEnds *pgm_ends_open (const PgmJobSpec *spec,
                        GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_ends_free (PgmEnds *self);

/* A session with the pinned settings, the source database's client_encoding, the
 * first session's server identity expected, and @role in application_name. */
PgmConnection *pgm_ends_connect (PgmEnds *self,
                                 PgmEnd end,
                                 const char *role,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for the replication protocol: START_REPLICATION, CREATE_REPLICATION_SLOT. */
PgmConnection *pgm_ends_connect_replication (PgmEnds *self,
                                             PgmEnd end,
                                             const char *role,
                                             GCancellable *cancellable,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes this job the only one that writes to the destination, for as long as
 * @control lives: a session advisory lock, so that a second start is refused
 * from whatever host it comes (PGM_ERROR_REFUSED names the holder). Sessions
 * that a killed job left behind are ended first, and destination sessions
 * opened from now on can be told apart in the same way. */
gboolean pgm_ends_own (PgmEnds *self,
                       PgmConnection *control,
                       GCancellable *cancellable,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

PgmConninfo *
pgm_endpoint_to_conninfo (const PgmEndpoint *endpoint, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmEnds, pgm_ends_free)

G_END_DECLS
