/* PgmStore: what is kept of jobs in $XDG_STATE_HOME/pgmanager (or state_dir of the
 * configuration): state.db and lock files.
 *
 * A store always opens. When its file can't be used (full or read-only disk, no
 * rights), it is degraded: nothing is kept, jobs run all the same, and
 * pgm_store_dup_problem() says why. All the writing calls are thread-safe and
 * return at once.
 */
#pragma once

#include "store/clusters.h"
#include "store/config.h"
#include "store/history.h"

G_BEGIN_DECLS

#define PGM_TYPE_STORE (pgm_store_get_type ())
G_DECLARE_FINAL_TYPE (PgmStore, pgm_store, PGM, STORE, GObject)

/* @config may be NULL: defaults. @warning, unless NULL, is set to what the user
 * should know (a damaged file was put aside, nothing can be kept) or NULL. */
PgmStore *pgm_store_new (PgmConfig *config, char **warning);

/* The SQLite in use. Static. */
const char *pgm_store_get_library_version (void);

/* Owned by the store, which keeps also those that were replaced: the second call is for
 * a program whose configuration was read again. Where things are kept stays the same. */
PgmConfig *pgm_store_get_config (PgmStore *self);
void pgm_store_set_config (PgmStore *self, PgmConfig *config);
const char *pgm_store_get_directory (PgmStore *self);
PgmClusters *pgm_store_get_clusters (PgmStore *self);
const char *pgm_store_get_path (PgmStore *self); /* of state.db, for pgm_history_… */

/* Why nothing is being kept just now, or NULL. Transfer full. */
char *pgm_store_dup_problem (PgmStore *self);

/* @spec may have secrets; they are not kept. @source, @destination: described. */
void pgm_store_job_started (PgmStore *self,
                            const PgmJobSpec *spec,
                            const char *source,
                            const char *destination);
void pgm_store_job_finished (PgmStore *self, const PgmReport *report);

/* A kept job is one that goes on by itself when the next daemon starts: until it has
 * come to its end, or somebody has stopped it. Its specification is kept with the
 * secrets that were given with it, in a file that only we can read; FALSE when that
 * can't be, and then it would have to do without them. */
gboolean pgm_store_job_keep (PgmStore *self, const PgmJobSpec *spec, GError **error);
void pgm_store_job_unkeep (PgmStore *self, const char *job_id);

/* Counts how often a kept job was started again without living for long. */
void pgm_store_job_restarted (PgmStore *self, const char *job_id);
void pgm_store_job_settled (PgmStore *self, const char *job_id);

/* PgmKeptJob, those that began first first. Transfer full. */
GPtrArray *pgm_store_list_kept (PgmStore *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_store_phase (PgmStore *self, const char *job_id, PgmPhase phase);
void pgm_store_event (PgmStore *self, const char *job_id, const char *type, const char *message);
void pgm_store_table (PgmStore *self, const char *job_id, const PgmTableProgress *table);

/* Migrations that are written down, see model/plan.h: @plan has its id. */
void pgm_store_migration_created (PgmStore *self, const PgmMigrationBody *plan);
/* Forgets the job of this id, planned or not, with all that is known of it. */
void pgm_store_job_forget (PgmStore *self, const char *job_id);

/* One moment of a job for its graphs: every second for an hour, one of each minute
 * beyond that, for a month. */
void pgm_store_metric (PgmStore *self, const char *job_id, const PgmSnapshot *snapshot);
void pgm_store_thin_metrics (PgmStore *self, const char *job_id);

/* Waits until all of the above is written, or can't be. */
void pgm_store_flush (PgmStore *self);

G_END_DECLS
