#include "engine/store-journal.h"

struct _PgmStoreJournal
{
  GObject parent_instance;
  PgmStore *store;
};

static void
on_phase (PgmJournal *journal, const char *job_id, PgmPhase phase)
{
  pgm_store_phase (PGM_STORE_JOURNAL (journal)->store, job_id, phase);
}

static void
on_event (PgmJournal *journal, const char *job_id, const char *type, const char *message)
{
  pgm_store_event (PGM_STORE_JOURNAL (journal)->store, job_id, type, message);
}

static void
on_table (PgmJournal *journal, const char *job_id, const PgmTableProgress *table)
{
  pgm_store_table (PGM_STORE_JOURNAL (journal)->store, job_id, table);
}

static void
journal_iface_init (PgmJournalInterface *iface)
{
  iface->phase = on_phase;
  iface->event = on_event;
  iface->table = on_table;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (PgmStoreJournal,
                               pgm_store_journal,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (PGM_TYPE_JOURNAL, journal_iface_init))

static void
pgm_store_journal_finalize (GObject *object)
{
  g_clear_object (&PGM_STORE_JOURNAL (object)->store);
  G_OBJECT_CLASS (pgm_store_journal_parent_class)->finalize (object);
}

static void
pgm_store_journal_class_init (PgmStoreJournalClass *class)
{
  G_OBJECT_CLASS (class)->finalize = pgm_store_journal_finalize;
}

static void
pgm_store_journal_init (PgmStoreJournal *self)
{
}

PgmJournal *
pgm_store_journal_new (PgmStore *store)
{
  PgmStoreJournal *self = g_object_new (PGM_TYPE_STORE_JOURNAL, NULL);

  self->store = g_object_ref (store);
  return PGM_JOURNAL (self);
}
