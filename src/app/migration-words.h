/* What the states of a migration are called. All texts are static and translated. */
#pragma once

#include "model/report.h"
#include "model/snapshot.h"

G_BEGIN_DECLS

/* Of a job that has ended. */
const char *pgm_words_outcome (const PgmReport *report);
const char *pgm_words_outcome_icon (int outcome);  /* PgmOutcome */
const char *pgm_words_outcome_class (int outcome); /* CSS: "success", "warning", "error" */

const char *pgm_words_fence (int fence);       /* PgmFence, short */
const char *pgm_words_fence_long (int fence);  /* what it does, a sentence */
const char *pgm_words_step (const char *name); /* of a cutover: "fence" */
const char *pgm_words_direction (const char *direction);

/* What an event says, for people: phases have names of their own. Transfer full. */
char *pgm_words_event (const PgmEvent *event);

/* The job has lost a server or has no room, and tries again by itself. */
gboolean pgm_words_is_in_trouble (const PgmSnapshot *snapshot);

/* Writes have been moved, and not back yet. */
gboolean pgm_words_belongs_to_destination (const PgmSnapshot *snapshot);

/* TRUE for a cutover that is over, in whichever way. */
gboolean pgm_words_cutover_is_over (const PgmCutoverReport *cutover);

G_END_DECLS
