/* The moving numbers of one job. Workers bump counters and set states; whoever
 * wants a picture composes an immutable PgmSnapshot. Thread-safe. */
#pragma once

#include "core/counters.h"
#include "migration/journal.h"

G_BEGIN_DECLS

typedef struct _PgmProgress PgmProgress;

/* One table's counters. Owned by the progress; valid as long as it is. */
typedef PgmCounters PgmProgressCounters;

PgmProgress *pgm_progress_new (const char *job_id, const char *kind, PgmJournal *journal);
PgmProgress *pgm_progress_ref (PgmProgress *self);
void pgm_progress_unref (PgmProgress *self);

/* Enters a phase (ends the one before), with an event and a journal entry. */
void pgm_progress_set_phase (PgmProgress *self, PgmPhase phase);
PgmPhase pgm_progress_get_phase (PgmProgress *self);
void pgm_progress_set_activity (PgmProgress *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void pgm_progress_event (PgmProgress *self, const char *type, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void pgm_progress_error (PgmProgress *self, const GError *error, gboolean retryable);

/* Tables are added before copying starts; the index is the handle from then on. */
guint pgm_progress_add_table (PgmProgress *self,
                              const char *schema,
                              const char *name,
                              gint64 rows_estimate,
                              guint64 size_bytes);
gboolean pgm_progress_has_tables (PgmProgress *self);
/* Bumped with __atomic_fetch_add; any number of threads. */
PgmProgressCounters *pgm_progress_get_counters (PgmProgress *self, guint table);
void pgm_progress_table_status (PgmProgress *self, guint table, PgmTableStatus status);
/* A part failed or the table starts anew: what was counted is taken back. */
void pgm_progress_table_reset (PgmProgress *self, guint table);

void pgm_progress_set_indexes (PgmProgress *self, gint64 total);
void pgm_progress_index_done (PgmProgress *self);

/* Following. What is not known of retention stays at its default. */
typedef struct
{
  PgmLsn applied_lsn;
  PgmLsn confirmed_lsn;
  guint64 lag_bytes;
  double lag_sec;
  guint64 transactions;
  guint64 changes;
} PgmProgressStream;

typedef struct
{
  guint64 bytes;
  gint64 limit;   /* -1: none known */
  double seconds; /* -1: not known */
  gint64 xmin_age;
  const char *status; /* copied; may be NULL */
} PgmProgressRetention;

void pgm_progress_set_stream (PgmProgress *self, const PgmProgressStream *stream);
void pgm_progress_set_retention (PgmProgress *self, const PgmProgressRetention *retention);

/* Takes a reference; replaced, never changed, while the cutover goes on. */
void pgm_progress_set_cutover (PgmProgress *self, PgmCutoverReport *cutover);
void pgm_progress_set_verification (PgmProgress *self, PgmVerification *verification);

/* For work without rows (compare, preflight): done of total units. */
void pgm_progress_set_units (PgmProgress *self, guint64 done, guint64 total);

/* The same job makes another attempt: tables and counts are forgotten, what was told
 * (events, phases, errors) is not. Only when nobody holds counters any more. */
void pgm_progress_begin_again (PgmProgress *self);

/* Transfer full, unref with pgm_record_unref(). */
PgmSnapshot *pgm_progress_compose (PgmProgress *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmProgress, pgm_progress_unref)

G_END_DECLS
