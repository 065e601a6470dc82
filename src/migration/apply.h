/* The applier: changes of the source become rows of the destination, exactly
 * once, as fast as sets allow.
 *
 * It takes batches from the channel, folds whole source transactions while it is
 * behind (one to one when it has caught up), compacts them per table and key,
 * and writes each fold in one destination transaction that also moves the
 * replication origin (A5). So the origin's progress is always an exact prefix of
 * the source's history, and decides after any crash. Every statement's row count
 * is checked (A10); a conflict rolls the fold back and replays it row by row in
 * source order, to name the row (B3).
 *
 * Two threads: one folds, one writes; the second is the caller's of
 * pgm_applier_run().
 */
#pragma once

#include "core/channel.h"
#include "migration/change.h"
#include "migration/ends.h"
#include "migration/progress.h"

G_BEGIN_DECLS

typedef struct _PgmApplier PgmApplier;

typedef struct
{
  PgmEnds *ends;
  const char *origin;    /* name of the replication origin; NULL: a progress row instead
                          * (migration/progress-row.h), when origins are not permitted */
  PgmChannel *changes;   /* PgmChangeBatch; closed by the receiver at its end */
  PgmProgress *progress; /* counts rows and bytes of tables; may be NULL */
  PgmConflictPolicy conflicts;
  /* Of a table that was copied under a later snapshot: what commits at or before
   * this LSN is in its rows already (A4). Keys "schema.name" as pgm_quote_qualified(),
   * values PgmLsn *; may be NULL. */
  GHashTable *copied_until;
  gboolean reverse;       /* of a way back: leaves the schema "pgmanager" alone */
  gsize max_fold_bytes;   /* 0: 8 MiB */
  guint max_fold_changes; /* 0: the applier decides */
} PgmApplierOptions;

PgmApplier *pgm_applier_new (const PgmApplierOptions *options);
PgmApplier *pgm_applier_ref (PgmApplier *self);
void pgm_applier_unref (PgmApplier *self);

/* Blocks until the channel has ended and all is written and durable (TRUE), or
 * until an error or @cancellable. Owns the origin from its first step, taking it
 * over from a backend that was left behind. PGM_ERROR_LOST: start anew from the
 * origin's progress; everything else is for a person. */
gboolean pgm_applier_run (PgmApplier *self,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Everything below is for any thread. */

/* Positions of the source: committed on the destination, and durable there. What
 * may be confirmed to the slot is the second (A6). */
PgmLsn pgm_applier_get_applied (PgmApplier *self);
PgmLsn pgm_applier_get_flushed (PgmApplier *self);

/* Waits until the destination has made everything up to @lsn durable; asks for
 * the flush. @deadline: monotonic microseconds. PGM_ERROR_LOST when the applier
 * has ended, G_IO_ERROR_TIMED_OUT. */
gboolean pgm_applier_wait_flushed (PgmApplier *self,
                                   PgmLsn lsn,
                                   gint64 deadline,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A sentinel that came through the stream. */
typedef struct
{
  PgmLsn lsn;           /* of the message's own record */
  PgmLsn end_lsn;       /* of the commit it came with */
  guint64 transactions; /* of others with changes for us, seen before it since the start */
} PgmSentinelSighting;

/* Waits until the message @content was seen and everything up to its commit is
 * durable on the destination. */
gboolean pgm_applier_wait_sentinel (PgmApplier *self,
                                    const char *content,
                                    gint64 deadline,
                                    PgmSentinelSighting *sighting,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For verify (D1): nothing that commits beyond @lsn is written until released
 * with 0; what is in the channel waits. */
void pgm_applier_hold (PgmApplier *self, PgmLsn lsn);

/* For a look back after a cutover: from now on the tables are remembered that are
 * changed by what commits beyond @lsn. */
void pgm_applier_watch (PgmApplier *self, PgmLsn lsn);
/* "a.b, a.c", or NULL when there are none. Transfer full. */
char *pgm_applier_list_watched (PgmApplier *self);

typedef struct
{
  guint64 transactions;                         /* of the source */
  guint64 folds;                                /* transactions of the destination */
  guint64 inserts, updates, deletes, truncates; /* of the source */
  guint64 replays;                              /* folds that had to be written row by row */
  guint64 conflicts;                            /* changes left out by policy */
  gint64 last_commit_time; /* of the source, of the newest that was applied; microseconds */
} PgmApplierStats;

void pgm_applier_get_stats (PgmApplier *self, PgmApplierStats *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmApplier, pgm_applier_unref)

G_END_DECLS
