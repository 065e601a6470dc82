/* The journal of a migration, kept in the store. An object of its own and not the
 * engine, because workers hold it and must not keep the engine alive. */
#pragma once

#include "migration/journal.h"
#include "store/store.h"

G_BEGIN_DECLS

#define PGM_TYPE_STORE_JOURNAL (pgm_store_journal_get_type ())
G_DECLARE_FINAL_TYPE (PgmStoreJournal, pgm_store_journal, PGM, STORE_JOURNAL, GObject)

PgmJournal *pgm_store_journal_new (PgmStore *store);

G_END_DECLS
