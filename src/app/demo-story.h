/* What the sample is for, told by itself: customers order all the time while the shop is
 * cloned and followed; then writes are moved to the other side, and back again; both
 * sides are cleaned and compared. Each step waits for what the job says.
 *
 * Signals: "job" (char *id) when a job has been started that should be looked at; "told"
 * (char *text) for what is going on; "tab" (char *name) for what is worth looking at;
 * "ended" () once nothing runs any more. */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

#define PGM_TYPE_DEMO_STORY (pgm_demo_story_get_type ())
G_DECLARE_FINAL_TYPE (PgmDemoStory, pgm_demo_story, PGM, DEMO_STORY, GObject)

PgmDemoStory *pgm_demo_story_new (PgmEngine *engine, PgmSample *sample);

/* Begins it; @cancellable ends it before its time. */
void pgm_demo_story_begin (PgmDemoStory *self, GCancellable *cancellable);

/* After "ended": why it ended before its time, or NULL. Borrowed. */
const GError *pgm_demo_story_get_error (PgmDemoStory *self);

/* Of the clone and of the comparison; NULL when it didn't come to that. Borrowed. */
const PgmReport *pgm_demo_story_get_clone_report (PgmDemoStory *self);
const PgmReport *pgm_demo_story_get_compare_report (PgmDemoStory *self);

/* "there" and back: how long writes stood, below 0 when they weren't moved. */
double pgm_demo_story_get_stopped_ms (PgmDemoStory *self, gboolean back);
gboolean pgm_demo_story_is_proved (PgmDemoStory *self);

/* What the customers saw; NULL before they ended. Borrowed. */
const PgmSampleActivity *pgm_demo_story_get_activity (PgmDemoStory *self);

G_END_DECLS
