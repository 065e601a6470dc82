/* The engine that runs jobs in this process: a supervisor thread for each, which
 * runs the migration and everything that waits. It belongs to the main context
 * that was the thread's default when it was made: signals come there, and the
 * starting calls have to be made from there. Looking (ref_snapshot, ref_report)
 * is fine from any thread.
 *
 * Giving the last reference away cancels what runs and waits for it to end; then
 * nothing is emitted any more, but the store still learns how each job ended.
 */
#pragma once

#include "engine/engine.h"
#include "store/store.h"

G_BEGIN_DECLS

#define PGM_TYPE_LOCAL_ENGINE (pgm_local_engine_get_type ())
G_DECLARE_FINAL_TYPE (PgmLocalEngine, pgm_local_engine, PGM, LOCAL_ENGINE, GObject)

/* @store may be NULL: then nothing is recorded, and no configuration applies. */
PgmEngine *pgm_local_engine_new (PgmStore *store);

/* From now on the engine is that of a daemon: what is started is kept, see
 * pgm_store_job_keep(), and @info (a reference is taken) is what it says of itself. */
void pgm_local_engine_become_daemon (PgmLocalEngine *self, PgmDaemonInfo *info);

/* Starts the kept jobs of an earlier daemon again. @func hears of each: @error is NULL
 * for one that runs. FALSE with @error when nothing can be known of them. */
typedef void (*PgmRestartFunc) (const char *job_id, const GError *error, gpointer user_data);
gboolean pgm_local_engine_restart_jobs (PgmLocalEngine *self,
                                        PgmRestartFunc func,
                                        gpointer user_data,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends what runs, to go on with the next daemon, and starts nothing any more. "finished"
 * tells of each. */
void pgm_local_engine_rest (PgmLocalEngine *self);
guint pgm_local_engine_count_running (PgmLocalEngine *self);

G_END_DECLS
