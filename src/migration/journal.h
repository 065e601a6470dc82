/* Where a running migration writes down what happened: an interface, so that
 * migration knows nothing of SQLite. Calls come from worker threads; an
 * implementation must be thread-safe, must not block for long and must never
 * fail the job (a full state disk degrades persistence, not the migration). */
#pragma once

#include "model/report.h"
#include "model/snapshot.h"

G_BEGIN_DECLS

#define PGM_TYPE_JOURNAL (pgm_journal_get_type ())
G_DECLARE_INTERFACE (PgmJournal, pgm_journal, PGM, JOURNAL, GObject)

struct _PgmJournalInterface
{
  GTypeInterface parent;
  void (*phase) (PgmJournal *self, const char *job_id, PgmPhase phase);
  void (*event) (PgmJournal *self, const char *job_id, const char *type, const char *message);
  void (*table) (PgmJournal *self, const char *job_id, const PgmTableProgress *table);
};

/* @self may be NULL: then nothing is written. */
void pgm_journal_phase (PgmJournal *self, const char *job_id, PgmPhase phase);
void
pgm_journal_event (PgmJournal *self, const char *job_id, const char *type, const char *message);
void pgm_journal_table (PgmJournal *self, const char *job_id, const PgmTableProgress *table);

G_END_DECLS
