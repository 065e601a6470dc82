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

G_END_DECLS
