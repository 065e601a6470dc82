/* What following costs the source: WAL that its slot keeps back, and the rows
 * that VACUUM must leave for it (F58). Looked at every few seconds on a session of
 * its own; thresholds become warnings. */
#pragma once

#include "migration/ends.h"
#include "migration/progress.h"
#include "postgres/slot.h"

G_BEGIN_DECLS

/* What is known so far; pure arithmetic on what a server said. */
typedef struct
{
  gint64 last_us; /* of the last note; 0: none yet */
  gint64 last_safe;
  double rate;        /* bytes a second by which the room gets less; < 0: not known */
  guint bytes_warned; /* steps of thresholds that were told */
  guint limit_warned;
  guint xmin_warned;
  char status[16];
} PgmRetentionNotes;

/* Compares what @slot says at @now_us (monotonic) with what was known, fills
 * @retention, and tells @progress (may be NULL) what should worry. */
void pgm_retention_note (PgmRetentionNotes *notes,
                         const PgmSlot *slot,
                         gint64 now_us,
                         PgmProgress *progress,
                         PgmProgressRetention *retention);

typedef struct _PgmRetention PgmRetention;

/* A thread that looks until it is freed. A server that can't be asked is asked
 * again later. @end: where the slot is. */
PgmRetention *
pgm_retention_start (PgmEnds *ends, PgmEnd end, const char *slot, PgmProgress *progress);
void pgm_retention_free (PgmRetention *self);

/* Where that server's WAL ended when it was looked at last; 0: not known. */
PgmLsn pgm_retention_get_wal_end (PgmRetention *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmRetention, pgm_retention_free)

G_END_DECLS
