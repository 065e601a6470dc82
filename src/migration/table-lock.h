/* The lock that proves a cutover: SHARE on every table that is followed, in one
 * session. Nobody can have written to them from the moment it is granted for as long
 * as it is held, whoever he is and however he got in (C2).
 *
 * Vacuums and DDL are out of the way before the stop: SHARE UPDATE EXCLUSIVE, which
 * no writer notices, is taken first and kept. A try for SHARE then waits for writers
 * only, shorter than deadlock_timeout, so that a deadlock always ends with our giving
 * up and never with an error of the application's.
 */
#pragma once

#include "postgres/catalog.h"
#include "postgres/privileges.h"

G_BEGIN_DECLS

typedef struct _PgmTableLock PgmTableLock;

/* Takes @connection, which does nothing else from now on. @catalog: what is locked:
 * tables and partitioned tables, each by itself. */
PgmTableLock *pgm_table_lock_new (PgmConnection *connection, const PgmCatalog *catalog);
/* Releases it, if it is held: the session ends. */
void pgm_table_lock_free (PgmTableLock *self);

/* Adds what our role lacks to lock all tables (PgmMissingPrivilege). */
gboolean pgm_table_lock_check_privileges (PgmTableLock *self,
                                          GPtrArray *missing,
                                          GCancellable *cancellable,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Waits until no vacuum and no DDL works on any table, and keeps them away; an
 * autovacuum is made to give way (PostgreSQL cancels one that a lock waits for,
 * except against wraparound). PGM_ERROR_REFUSED names who is in the way. The server
 * ends the session by itself when nothing is heard of us for @idle_limit
 * milliseconds. */
gboolean pgm_table_lock_prepare (PgmTableLock *self,
                                 gint64 idle_limit,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One try, for at most @wait_ms (less when deadlock_timeout asks for it). FALSE in
 * @taken: somebody writes on; nothing is held then. */
gboolean pgm_table_lock_try (PgmTableLock *self,
                             gint64 wait_ms,
                             gboolean *taken,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Who holds locks that are in the way of SHARE: "pid 17 (alice, psql, 12 s): UPDATE
 * …"; NULL: nobody. Transfer full. */
char *pgm_table_lock_list_writers (PgmTableLock *self, GCancellable *cancellable);

/* Is it still held, on all tables? Asked on @other, another session of that server;
 * so it holds for the moment at which the answer was made, whatever became of the
 * connection since. */
gboolean pgm_table_lock_is_held (PgmTableLock *self,
                                 PgmConnection *other,
                                 gboolean *held,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives up all locks. FALSE: they were lost before. */
gboolean pgm_table_lock_release (PgmTableLock *self,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

guint pgm_table_lock_get_tables (PgmTableLock *self);
int pgm_table_lock_get_pid (PgmTableLock *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmTableLock, pgm_table_lock_free)

G_END_DECLS
