#include "migration/journal.h"

G_DEFINE_INTERFACE (PgmJournal, pgm_journal, G_TYPE_OBJECT)

static void
pgm_journal_default_init (PgmJournalInterface *iface)
{
}

void
pgm_journal_phase (PgmJournal *self, const char *job_id, PgmPhase phase)
{
  if (self != NULL && PGM_JOURNAL_GET_IFACE (self)->phase != NULL)
    PGM_JOURNAL_GET_IFACE (self)->phase (self, job_id, phase);
}

void
pgm_journal_event (PgmJournal *self, const char *job_id, const char *type, const char *message)
{
  if (self != NULL && PGM_JOURNAL_GET_IFACE (self)->event != NULL)
    PGM_JOURNAL_GET_IFACE (self)->event (self, job_id, type, message);
}

void
pgm_journal_table (PgmJournal *self, const char *job_id, const PgmTableProgress *table)
{
  if (self != NULL && PGM_JOURNAL_GET_IFACE (self)->table != NULL)
    PGM_JOURNAL_GET_IFACE (self)->table (self, job_id, table);
}
