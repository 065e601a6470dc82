/* What following needs on both sides, made and removed: a publication and a slot
 * on the source, an origin and the state on the destination.
 *
 * The state is written before anything is made that it names, so that whatever
 * crashes when, what is ours can be found. All names hold the job's id and a mark
 * of the two databases, by which they are found even without the state.
 */
#pragma once

#include "migration/ends.h"
#include "migration/follow-state.h"
#include "migration/progress.h"
#include "postgres/catalog.h"

G_BEGIN_DECLS

#define PGM_FOLLOW_PREFIX "pgmanager_"

/* A new state with all names filled in: those of @options, else our own. */
PgmFollowState *pgm_follow_setup_plan (const PgmEnds *ends, const PgmFollowOptions *options);

/* Takes the origin out of a new state when this role of the destination may not use
 * any: a row in our schema keeps the progress, then (A5). */
gboolean pgm_follow_setup_choose (PgmFollowState *state,
                                  PgmConnection *destination,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes what keeps the progress, at the state's consistent point. */
gboolean pgm_follow_setup_progress (const PgmFollowState *state,
                                    PgmConnection *destination,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All sessions of a job that goes on are those of the job that began. */
void pgm_follow_setup_adopt (PgmEnds *ends, const PgmFollowState *state);

/* The functions of origins, as rows of regprocedure that may not be executed. */
#define PGM_FOLLOW_MISSING_FUNCTIONS                                                               \
  "SELECT p.oid::regprocedure::text FROM pg_proc p"                                                \
  " WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN ("                          \
  "   'pg_replication_origin_create', 'pg_replication_origin_drop',"                               \
  "   'pg_replication_origin_oid', 'pg_replication_origin_session_setup',"                         \
  "   'pg_replication_origin_session_reset', 'pg_replication_origin_session_progress',"            \
  "   'pg_replication_origin_session_is_setup',"                                                   \
  "   'pg_replication_origin_xact_setup', 'pg_replication_origin_xact_reset',"                     \
  "   'pg_replication_origin_advance', 'pg_replication_origin_progress')"                          \
  "   AND NOT has_function_privilege(p.oid, 'EXECUTE') ORDER BY 1"

/* The end of every name of ours for these two databases: "_0a1b2c3d". */
char *pgm_follow_setup_mark (const PgmEnds *ends);

/* Does the publication take this table? Permanent tables do. */
gboolean pgm_follow_takes (const PgmTable *table);

/* Makes the publication for the tables of @catalog. A list of tables, never FOR
 * ALL TABLES: that needs a superuser, would forbid updates of every later table
 * without a replica identity, and would publish our own schema. */
gboolean pgm_follow_setup_publication (PgmEnds *ends,
                                       const PgmFollowState *state,
                                       const PgmCatalog *catalog,
                                       GCancellable *cancellable,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A slot just made, with the snapshot of its consistent point: alive while
 * @replication is and does nothing else. */
typedef struct
{
  PgmConnection *replication;
  char *snapshot;
  PgmLsn consistent_point;
} PgmFollowSlot;

void pgm_follow_slot_clear (PgmFollowSlot *self);

/* Whose transactions of @min_seconds and more a new slot would have to wait for, in
 * words; NULL: nobody's, or it can't be known. Transfer full. */
char *pgm_follow_describe_blockers (PgmConnection *connection,
                                    double min_seconds,
                                    GCancellable *cancellable);

/* While the server waits for old transactions, @progress says whose they are;
 * after @timeout_seconds it is given up (PGM_ERROR_FAILED with the same). */
gboolean pgm_follow_setup_slot (PgmEnds *ends,
                                PgmEnd end,
                                const char *name,
                                gboolean temporary,
                                guint timeout_seconds,
                                PgmProgress *progress,
                                PgmFollowSlot *slot,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes away what the state says is ours, on both sides, and the state last: fine
 * for what is gone already. Each thing is told to @progress. @destination: the
 * session that owns the job. */
gboolean pgm_follow_setup_remove (PgmEnds *ends,
                                  const PgmFollowState *state,
                                  PgmConnection *destination,
                                  PgmProgress *progress,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmFollowSlot, pgm_follow_slot_clear)

G_END_DECLS
