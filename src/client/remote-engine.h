/* The engine of another process: PgmEngine over REST and WebSocket on its socket.
 *
 * It belongs to the main context that was the thread's default when it was made, and
 * all of it is to be used from there. What it differs in from the local one:
 *
 * - "snapshot" and "finished" come for the jobs that it has started, and for those
 *   that ran when pgm_engine_list_jobs_async() was last called;
 * - pictures and reports are those of such jobs, as they have arrived;
 * - a process that went away ends them with PGM_OUTCOME_FAILED, for nobody can say
 *   more than that; the call that is under way fails with PGM_ERROR_LOST;
 * - samples are not made elsewhere (PGM_ERROR_REFUSED).
 */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_REMOTE_ENGINE (pgm_remote_engine_get_type ())
G_DECLARE_FINAL_TYPE (PgmRemoteEngine, pgm_remote_engine, PGM, REMOTE_ENGINE, GObject)

/* @path: of a unix socket. Nothing is sent yet. */
PgmEngine *pgm_remote_engine_new (const char *path);

/* PgmEngine of every socket in @directory behind which a process lives; transfer
 * full. A directory that isn't there has none; one that isn't ours neither. */
GPtrArray *pgm_remote_engine_find (const char *directory);

const char *pgm_remote_engine_get_path (PgmRemoteEngine *self);

G_END_DECLS
