/* What replication does not carry, and a cutover has to: sequences, large objects,
 * unlogged tables, and on the side that takes over constraints that waited,
 * statistics and materialized views.
 *
 * prepare() runs before the stop and does all that can be done there; run() is the
 * part of the stop, a few round trips where nothing has changed; finish() follows
 * when the writes belong to the other side already.
 *
 * Changes of large objects can't be known: all of them are digested on the side that
 * gives the writes away, once before the stop and once in it, and those that have
 * changed are copied again. How long that takes is measured beforehand, and too long
 * is a refusal.
 */
#pragma once

#include "migration/ends.h"
#include "migration/filter.h"
#include "migration/progress.h"
#include "model/report.h"

G_BEGIN_DECLS

typedef struct _PgmHandover PgmHandover;

typedef struct
{
  PgmFilter *filter;          /* which tables take part */
  const PgmCatalog *catalog;  /* of the giving side, now, filtered */
  const PgmCatalog *followed; /* what the stream carries */
  PgmProgress *progress;
  gint64 sequence_margin; /* steps that every sequence is moved on by */
  double budget;          /* seconds that the stop may spend on reading again */
} PgmHandoverOptions;

PgmHandover *pgm_handover_new (const PgmHandoverOptions *options);
void pgm_handover_free (PgmHandover *self);

/* @from: a session on the side that gives the writes away, @to: on the other; no
 * transaction open. PGM_ERROR_REFUSED for what would be left behind: tables and
 * sequences that are not on the other side, too much to be read again. */
gboolean pgm_handover_prepare (PgmHandover *self,
                               PgmConnection *from,
                               PgmConnection *to,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Nobody writes any more. */
gboolean pgm_handover_run (PgmHandover *self,
                           PgmConnection *from,
                           PgmConnection *to,
                           GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What fails here is a problem of @report, not an end: the writes have moved. */
void pgm_handover_finish (PgmHandover *self,
                          PgmConnection *to,
                          PgmReport *report,
                          GCancellable *cancellable);

guint pgm_handover_get_sequences (PgmHandover *self);

/* "12 sequences, 3 large objects, 1 unlogged table": what run() took over. Transfer
 * full. */
char *pgm_handover_describe (PgmHandover *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmHandover, pgm_handover_free)

G_END_DECLS
