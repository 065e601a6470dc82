/* A following job with an application writing, for tests of the cutover: what
 * follow.c does around it, in the few lines that a test needs. */
#pragma once

#include "cutover.h"
#include "migration/follow-session.h"
#include "migration/switchover.h"

G_BEGIN_DECLS

/* Writers of a bank and a ledger. Each knows what was acknowledged to it; they go
 * where the test says that the writes belong. */
typedef struct _PgmBank PgmBank;

/* Makes tables and accounts in @database of both. */
void pgm_bank_create (PgmTestCluster *a, PgmTestCluster *b, const char *database);
/* @tps: of all writers together; 0: as many as go. @setup: a SET for their sessions, or
 * NULL. */
PgmBank *pgm_bank_start (PgmTestCluster *cluster,
                         const char *database,
                         guint writers,
                         guint tps,
                         const char *setup);
void pgm_bank_move (PgmBank *self, PgmTestCluster *cluster);
guint64 pgm_bank_get_acknowledged (PgmBank *self);
/* The longest that a writer waited for an answer, in milliseconds, since last asked. */
double pgm_bank_take_longest (PgmBank *self);
/* Ends the writers and checks the books of @cluster against what was acknowledged. */
void pgm_bank_stop (PgmBank *self, PgmTestCluster *cluster);
/* Both sides hold the same rows. */
void pgm_bank_assert_equal (PgmTestCluster *a, PgmTestCluster *b, const char *database);

typedef struct
{
  PgmFollowContext ctx;
  PgmJobSpec *spec;
  PgmFollowSession *session;
  char *directory;
} PgmCutoverRun;

/* Begins, or goes on with what is there: pgm_switchover_recover() and a session. */
PgmCutoverRun *
pgm_cutover_run_new (const char *source_uri, const char *destination_uri, const char *job_id);
void pgm_cutover_run_free (PgmCutoverRun *self);
void pgm_cutover_run_begin_session (PgmCutoverRun *self);
void pgm_cutover_run_end_session (PgmCutoverRun *self);
/* The whole of one cutover with the session after it. NULL in @error: it is done. */
gboolean
pgm_cutover_run_switch (PgmCutoverRun *self, PgmFence fence, double timeout, GError **error);
/* Waits until all that @cluster, the side that is read, has now is applied. */
void pgm_cutover_run_catch_up (PgmCutoverRun *self, PgmTestCluster *cluster);

G_END_DECLS
