/* The engine of another process: PgmEngine over REST and WebSocket, on its socket or at
 * its URL.
 *
 * It belongs to the main context that was the thread's default when it was made, and
 * all of it is to be used from there. What it differs in from the local one:
 *
 * - "snapshot" and "finished" come for the jobs that it has started, and for those
 *   that ran when pgm_engine_list_jobs_async() was last called;
 * - pictures and reports are those of such jobs, as they have arrived;
 * - a process that went away ends them with PGM_OUTCOME_FAILED, for nobody can say
 *   more than that; the call that is under way fails with PGM_ERROR_LOST. At a URL it
 *   may be the network: pictures come again when that does within a minute;
 * - samples are not made elsewhere (PGM_ERROR_REFUSED).
 */
#pragma once

#include "core/secret.h"
#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_REMOTE_ENGINE (pgm_remote_engine_get_type ())
G_DECLARE_FINAL_TYPE (PgmRemoteEngine, pgm_remote_engine, PGM, REMOTE_ENGINE, GObject)

/* @path: of a unix socket. Nothing is sent yet. */
PgmEngine *pgm_remote_engine_new (const char *path);

#define PGM_REMOTE_PORT 7654

typedef struct
{
  const char *url;         /* "https://db.example.com:7654"; http to loopback only */
  PgmSecret *token;        /* NULL: none is shown */
  const char *ca;          /* PEM file of the certificates to trust; NULL: the system's */
  const char *fingerprint; /* or the one certificate; NULL: not pinned */
} PgmRemoteTarget;

/* Nothing is sent yet. PGM_ERROR_USAGE for what can't be understood, PGM_ERROR_REFUSED
 * when the token would be sent in the clear. */
PgmEngine *pgm_remote_engine_new_for_url (const PgmRemoteTarget *target,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Does it name this machine? FALSE for what can't be understood. */
gboolean pgm_remote_engine_is_loopback (const char *url);

/* PgmEngine of every socket in @directory behind which a process lives; transfer
 * full. A directory that isn't there has none; one that isn't ours neither. */
GPtrArray *pgm_remote_engine_find (const char *directory);

/* Its socket or URL. */
const char *pgm_remote_engine_get_name (PgmRemoteEngine *self);

G_END_DECLS
