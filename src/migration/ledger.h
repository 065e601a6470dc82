/* The ledger: what of a clone is done, kept on the destination in a schema of
 * ours ("pgmanager"), in the very transactions that do it (A3). So it can't say
 * more than what is there, whatever crashes when.
 *
 *   clone_job      one row: from where, with which options, of which schema
 *   clone_phase    one row per step that is done
 *   clone_part     one row per part that is copied
 *   clone_trigger  triggers that were switched off for the time of the copy
 *
 * The schema is made before anything else and dropped at the very end.
 */
#pragma once

#include "migration/plan.h"
#include "model/job.h"

G_BEGIN_DECLS

typedef struct
{
  char *job_id;
  guint64 system_identifier; /* of the source; 0: not known */
  char *database;            /* the source's */
  char *options;             /* pgm_ledger_describe_options() */
  char *fingerprint;         /* of the source's schema; NULL: not taken yet */
  GHashTable *phases;        /* set of names */
  GHashTable *tables;        /* quoted name -> gboolean: all parts there, of one snapshot */
} PgmLedger;

#define PGM_LEDGER_PHASE_SCHEMA "schema"
/* The schema but for tables of other sessions that commit next. */
#define PGM_LEDGER_PHASE_SCHEMA_BEGUN "schema-begun"

/* Who copied a part, from where. */
typedef struct
{
  const char *snapshot;
  PgmLsn lsn;
  guint64 system_identifier;
} PgmLedgerOrigin;

/* NULL in @ledger when the destination has none. PGM_ERROR_REFUSED when the
 * schema is there, but not with our tables in it. */
gboolean pgm_ledger_read (PgmConnection *destination,
                          PgmLedger **ledger,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_ledger_free (PgmLedger *self);

/* Whole or absent. */
gboolean pgm_ledger_create (PgmConnection *destination,
                            const char *job_id,
                            guint64 system_identifier,
                            const char *database,
                            const char *options,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_ledger_drop (PgmConnection *destination,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The schema, when nothing is in it any more: the state of a following job may be. */
gboolean pgm_ledger_drop_schema (PgmConnection *destination,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* In the caller's transaction, or in one of its own. */
gboolean pgm_ledger_mark (PgmConnection *destination,
                          const char *phase,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_ledger_set_fingerprint (PgmConnection *destination,
                                     const char *fingerprint,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends one statement that notes down @parts, with the rows of each. */
void pgm_ledger_append_parts (GString *sql,
                              const PgmBatch *batch,
                              const guint64 *rows,
                              const PgmLedgerOrigin *origin);

/* Are all parts of this table there? How it was cut then may be another way than
 * how it would be cut now. */
gboolean pgm_ledger_has_table (const PgmLedger *self, const PgmTable *table);
/* Is anything of it there? */
gboolean pgm_ledger_has_part_of (const PgmLedger *self, const PgmTable *table);

/* What of the options must be the same on --resume, as text. */
char *pgm_ledger_describe_options (const PgmCloneOptions *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmLedger, pgm_ledger_free)

G_END_DECLS
