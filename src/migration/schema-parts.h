/* The pre-data script in several sessions at once, where there are many tables.
 *
 * Making a table is mostly waiting: the server flushes its TOAST table's index by
 * an fsync of its own. So the archive's dependencies are looked at for islands:
 * tables that nothing ties to anything but what belongs to them (their sequences,
 * defaults and comments). These are shared out among further sessions, each with
 * one transaction; everything else stays in the caller's.
 *
 * Whole or absent: the further sessions commit after the caller's transaction,
 * which makes the ledger. What is not there after a crash in between is made by
 * --resume: PGM_LEDGER_PHASE_SCHEMA is marked when the last of them is there, and
 * an island is missing as a whole or not at all. */
#pragma once

#include "migration/schema.h"
#include "migration/selection.h"

G_BEGIN_DECLS

/* Cuts selection->pre_data into at most @n_parts arrays of PgmTocEntry, each in
 * the archive's order; the first has all that is no island. Fewer where a part
 * would have too few tables to be worth a session. */
GPtrArray *pgm_schema_parts_cut (PgmCloneContext *ctx, PgmSelection *selection, guint n_parts);

/* Begins to restore @parts but the first, for which the caller sees. Takes
 * @selection; @parts is referenced. */
PgmSchemaParts *pgm_schema_parts_start (PgmCloneContext *ctx,
                                        PgmSelection *selection,
                                        GPtrArray *parts,
                                        GCancellable *cancellable);

/* Waits until all have been restored. Before the caller's COMMIT. */
gboolean pgm_schema_parts_await (PgmSchemaParts *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (schema.h has what follows in a clone: pgm_schema_parts_commit(), _free().) */

G_END_DECLS
