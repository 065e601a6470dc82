/* state.db: opening it, checking it, bringing its schema up to date, and the few
 * calls of SQLite that the store needs. One thread at a time. Not for other
 * rooms.
 *
 * WAL mode, so that somebody who reads (status, another window) never holds up
 * the writer; synchronous=NORMAL, because the last moments of a history may get
 * lost in a power cut, and a job must not wait for the disk.
 */
#pragma once

#include "core/error.h"

#include <sqlite3.h>

G_BEGIN_DECLS

typedef struct _PgmDatabase PgmDatabase;

/* Opens or makes @path (0600). A file that is not a database, or a damaged one, is
 * renamed to "<path>.corrupt-<time>" and a new one is made; *@warning (transfer
 * full, else NULL) then says so. */
PgmDatabase *
pgm_database_open (const char *path, char **warning, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_database_close (PgmDatabase *self);

/* Puts the file aside although it seemed whole when it was opened, and makes a new
 * one. Takes @self. */
PgmDatabase *pgm_database_replace (PgmDatabase *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Did the last call fail because the file is damaged? */
gboolean pgm_database_is_damaged (PgmDatabase *self);

/* Only to read: nothing is made, checked or changed. */
PgmDatabase *pgm_database_open_to_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One or more statements without parameters. */
gboolean
pgm_database_exec (PgmDatabase *self, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A statement, kept and used again for the same text. Owned by the database; to
 * be given back with sqlite3_reset() by whoever steps it. @sql must be static. */
sqlite3_stmt *
pgm_database_prepare (PgmDatabase *self, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Steps to the end and resets. */
gboolean pgm_database_run (PgmDatabase *self,
                           sqlite3_stmt *statement,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What SQLite says went wrong last: its (extended) code, and as an error. */
int pgm_database_get_code (PgmDatabase *self);
void pgm_database_set_error (PgmDatabase *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmDatabase, pgm_database_close)

G_END_DECLS
