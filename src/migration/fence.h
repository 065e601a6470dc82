/* The durable fence: keeps the application from writing to the side that gives the
 * writes away, also when we are gone (C2). What it changes is known as a record
 * before anything is changed, and that record is kept with the state of the job, so
 * that any later session can undo it exactly.
 *
 *   revoke     CONNECT on the database is taken from everybody but us (and LOGIN from
 *              roles with a session there that would get in all the same); then
 *              sessions are ended
 *   readonly   ALTER DATABASE … SET default_transaction_read_only = on; then sessions
 *              are ended. A session can override it
 *   pgbouncer  PAUSE of every pool that leads to the database
 *   none       nothing
 *
 * Superusers, and whoever logs in as our own role, pass all of them: who that would
 * be is said by pgm_fence_list_passing(). What proves a cutover is therefore the lock
 * (table-lock.h); the fence is for the time after it.
 *
 * Undoing is exact but for one thing that SQL can't do: a database without any
 * privileges of its own (datacl is NULL) has the defaults written out afterwards.
 */
#pragma once

#include "migration/ends.h"
#include "model/request.h"
#include "postgres/privileges.h"

G_BEGIN_DECLS

/* One CONNECT in pg_database.datacl. */
typedef struct
{
  PgmRecord record;
  char *grantee; /* NULL: PUBLIC */
  char *grantor; /* NULL: the owner */
  gboolean grantable;
} PgmFenceGrant;

typedef struct
{
  PgmRecord record;
  int kind; /* PgmFence */
  int end;  /* PgmEnd that it stands on */
  char *database;
  /* revoke */
  GPtrArray *grants; /* PgmFenceGrant, in the order of the ACL */
  char *ours;        /* our role, whose own CONNECT stays; NULL for a superuser */
  gboolean admitted; /* that CONNECT had to be granted first */
  GStrv nologin;     /* roles that lose LOGIN */
  /* readonly */
  char *read_only; /* the database's own setting before; NULL: it had none */
  /* pgbouncer */
  char *pgbouncer_uri;           /* without a password */
  PgmSecret *pgbouncer_password; /* not kept; later sessions need ~/.pgpass */
  GStrv pools;
  char *port; /* that they led to */
} PgmFenceRecord;

/* What is kept in PgmFollowState.fence. */
typedef struct
{
  PgmRecord record;
  gboolean back;     /* direction of the cutover that is or was under way */
  GPtrArray *fences; /* PgmFenceRecord: at most one a side, what stands or may stand */
} PgmFenceMemo;

extern const PgmRecordType pgm_fence_grant_type;
extern const PgmRecordType pgm_fence_record_type;
extern const PgmRecordType pgm_fence_memo_type;

/* @json: PgmFollowState.fence; NULL gives an empty memo. Transfer full. */
PgmFenceMemo *pgm_fence_memo_parse (const char *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* NULL when there is none. Transfer none. */
PgmFenceRecord *pgm_fence_memo_find (const PgmFenceMemo *self, PgmEnd end);
/* A copy with @fence (a reference is taken) in place of what stands on @end; NULL
 * takes it out. Transfer full. */
PgmFenceMemo *
pgm_fence_memo_with (const PgmFenceMemo *self, gboolean back, PgmEnd end, PgmFenceRecord *fence);

/* Reads what the fence would change; changes nothing. What our role may not do is
 * added to @missing (PgmMissingPrivilege), with the statement that grants it.
 * @connection: a session on that side. PGM_ERROR_REFUSED for what no grant helps
 * (no such pool, a pool that is paused already). Transfer full. */
PgmFenceRecord *pgm_fence_plan (PgmEnds *ends,
                                PgmEnd end,
                                PgmConnection *connection,
                                const PgmSwitchoverOptions *options,
                                GPtrArray *missing,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Raises it. Sessions go on until pgm_fence_end_sessions(), except behind pgbouncer:
 * there it returns when no transaction (or client, in session pooling) is under way
 * any more, or when cancelled. On failure the caller lowers it. */
gboolean pgm_fence_raise (const PgmFenceRecord *self,
                          PgmConnection *connection,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Undoes all of it that is there, if it was raised at all; can be repeated. A pool that
 * leads to another server by now isn't let go: it isn't held for this one any more. */
gboolean pgm_fence_lower (const PgmFenceRecord *self,
                          PgmConnection *connection,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends every session of others in the database and waits until they are gone.
 * @ended: how many; @left: those that we may not end, "pid 17 (alice, psql)", NULL
 * when there are none (transfer full). Both may be NULL. */
gboolean pgm_fence_end_sessions (PgmEnds *ends,
                                 PgmConnection *connection,
                                 guint *ended,
                                 char **left,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Roles that can still log in and write: "superusers (2), role \"app\" (ours)"; NULL
 * for nobody. Asked once the fence is up. Transfer full. */
gboolean pgm_fence_list_passing (const PgmFenceRecord *self,
                                 PgmConnection *connection,
                                 char **passing,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What it does, and the statements that undo it, for people. Transfer full. */
char *pgm_fence_describe (const PgmFenceRecord *self);
char *pgm_fence_undo_sql (const PgmFenceRecord *self);

G_END_DECLS
