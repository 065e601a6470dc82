/* The schema: one custom-format dump of the source under the exported snapshot,
 * and what is taken from it.
 *
 * SQL text is never split. What is restored when is decided on the archive's
 * table of contents (by catalog OIDs, not by names), handed to pg_restore -L,
 * and the script that comes back is sent as one string:
 *
 *   pre-data      everything tables need, before the copy; whole or absent.
 *                 Privileges are kept back: an owner may have revoked his own
 *                 right to write, and the rows are still to come.
 *   (index.c, foreign-key.c: indexes and constraints, made by ourselves)
 *   post-data     the rest: triggers, rules, policies, publications, statistics,
 *                 comments, privileges. At first all at once; when that fails,
 *                 halves, quarters … until the one object that fails is alone
 *                 and is reported by name with its SQL.
 *   event triggers, at the very end, since they would fire on our own work.
 *
 * Rejected: pg_restore connecting by itself (its sessions know nothing of our
 * pinned settings and identity check, and it can't be whole or absent together
 * with our ledger).
 *
 * With a filter, relations that are not taken are dropped from the list, with
 * everything that depends on them; other objects stay when their schema takes
 * part or something that stays needs them. Subscriptions are never enabled by a
 * dump (connect = false), so copying them is safe; it is reported. */
#pragma once

#include "migration/context.h"

G_BEGIN_DECLS

/* Dumps into ctx->archive. ctx->snapshot must be alive. */
gboolean pgm_schema_dump (PgmCloneContext *ctx,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* SHA-256 (hex) of the pre-data script without what differs between two dumps
 * of the same schema. Transfer full. Needs the archive. */
char *pgm_schema_fingerprint (PgmCloneContext *ctx,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Parts of the pre-data in sessions of their own, restored and not committed. */
typedef struct _PgmSchemaParts PgmSchemaParts;

/* Sends the pre-data script inside the transaction that the caller has opened
 * on @destination; the caller commits (together with its ledger) or rolls back.
 * The settings that the script changed are reset before it returns.
 *
 * @others: NULL for everything in that one transaction. Else, where there are
 * many tables, what the caller commits with pgm_schema_parts_commit() right after
 * its own transaction, or NULL. Not after dropping what was there, for which
 * other sessions would have to wait. Set on failure too; free it. */
gboolean pgm_schema_restore_pre_data (PgmCloneContext *ctx,
                                      PgmConnection *destination,
                                      PgmSchemaParts **others,
                                      GCancellable *cancellable,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_schema_parts_commit (PgmSchemaParts *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Rolls back what is not committed. */
void pgm_schema_parts_free (PgmSchemaParts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmSchemaParts, pgm_schema_parts_free)

/* For --resume after a crash between these commits: makes the tables that are
 * missing, and marks PGM_LEDGER_PHASE_SCHEMA, in a transaction of its own. */
gboolean pgm_schema_restore_missing (PgmCloneContext *ctx,
                                     PgmConnection *destination,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* After indexes and foreign keys; in transactions of its own. What fails by
 * itself becomes a problem of the report; FALSE only when going on makes no
 * sense (cancelled, connection lost, pg_restore not working). On --resume,
 * objects that are there already are skipped. */
gboolean pgm_schema_restore_post_data (PgmCloneContext *ctx,
                                       PgmConnection *destination,
                                       GCancellable *cancellable,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The last step of a clone. */
gboolean pgm_schema_restore_event_triggers (PgmCloneContext *ctx,
                                            PgmConnection *destination,
                                            GCancellable *cancellable,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
