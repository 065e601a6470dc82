/* The keeper: the session whose transaction holds the snapshot that everything
 * is copied under, and ACCESS SHARE on every table until the rows are across.
 *
 * Between the moment of a snapshot and the moment of a lock a table can be
 * rewritten or truncated, and then shows no rows at all to the older snapshot
 * (A1). So a second session, which sees the present, compares every table's
 * file, name and columns with what the snapshot sees once all locks are held; a
 * difference means starting over with a new snapshot. From then on the locks
 * keep everything as it is: DDL and TRUNCATE on the source wait, reads and
 * writes don't. If the keeper dies the locks are gone, the copy stops.
 *
 * Only the thread that made it uses a keeper.
 */
#pragma once

#include "migration/ends.h"
#include "migration/filter.h"
#include "migration/progress.h"
#include "postgres/catalog.h"

G_BEGIN_DECLS

typedef struct _PgmKeeper PgmKeeper;

/* Where a snapshot comes from when the session doesn't take its own: an exported
 * identifier (transfer full), valid until the next call, and the position that it
 * is exactly of. Called anew for each attempt. */
typedef gboolean (*PgmKeeperExport) (gpointer user_data,
                                     char **snapshot,
                                     PgmLsn *lsn,
                                     GCancellable *cancellable,
                                     GError **error);

/* Opens both sessions, takes a snapshot (by @exporter, if that is not NULL), reads the catalog under it (filtered)
 * and locks its tables. Waits up to @lock_seconds for a lock; the error then
 * names who stands in the way. */
PgmKeeper *pgm_keeper_new (PgmEnds *ends,
                           PgmFilter *filter,
                           PgmProgress *progress,
                           guint lock_seconds,
                           PgmKeeperExport exporter,
                           gpointer user_data,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the transaction, if it is still open, and both sessions. */
void pgm_keeper_free (PgmKeeper *self);

const char *pgm_keeper_get_snapshot (PgmKeeper *self);
PgmLsn pgm_keeper_get_lsn (PgmKeeper *self);
PgmCatalog *pgm_keeper_steal_catalog (PgmKeeper *self);

/* The session under the snapshot. A statement that fails on it ends the locks:
 * only for reads that can't fail. */
PgmConnection *pgm_keeper_get_session (PgmKeeper *self);

/* A session of the source that sees the present, until pgm_keeper_unlock(). */
PgmConnection *pgm_keeper_get_watch (PgmKeeper *self);

/* Is the transaction still there? Cheap. */
gboolean pgm_keeper_ping (PgmKeeper *self,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, and every table still has the file and shape it had: what was read
 * is the snapshot's content. Before copied rows are declared complete. */
gboolean pgm_keeper_verify (PgmKeeper *self,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Who has, or waits for, ACCESS EXCLUSIVE on some table of the database, with
 * process, user and statement; NULL when there is nobody. For the error of another
 * session that a lock was refused. Transfer full. */
char *pgm_keeper_describe_blockers (PgmKeeper *self, GCancellable *cancellable);

/* All rows are across: gives the locks back, so that DDL on the source goes on.
 * The snapshot stays for what is still read from the catalogs, held by the watch
 * and under another identifier. */
gboolean pgm_keeper_unlock (PgmKeeper *self,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For other sessions under the keeper's snapshot, any thread: ACCESS SHARE on
 * @tables (PgmTable) without waiting; @locked says whether it was to be had.
 *
 * Once somebody waits for ACCESS EXCLUSIVE behind the keeper, a new lock of ours
 * waits behind him, he for the keeper, and the keeper for our rows: no server
 * sees that circle. So nobody ever waits, and what can't be locked is read by the
 * one session that has its lock already, the keeper's. */
gboolean pgm_keeper_try_lock (PgmConnection *source,
                              GPtrArray *tables,
                              gboolean *locked,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmKeeper, pgm_keeper_free)

G_END_DECLS
