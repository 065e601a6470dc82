/* A migration that cuts over by itself: when its destination has been level with the
 * source for some seconds. One that was given up is tried again a few times, each after a
 * while. Not for other rooms. */
#pragma once

#include "model/plan.h"
#include "model/snapshot.h"

G_BEGIN_DECLS

typedef struct _PgmAutoCutover PgmAutoCutover;

/* NULL when @plan doesn't ask for it. */
PgmAutoCutover *pgm_auto_cutover_new (const PgmMigrationBody *plan);
void pgm_auto_cutover_free (PgmAutoCutover *self);

/* Twice a second. @now: monotonic microseconds. The request that is due, or NULL;
 * transfer full. */
PgmJobRequest *
pgm_auto_cutover_look (PgmAutoCutover *self, const PgmSnapshot *snapshot, gint64 now);

G_END_DECLS
