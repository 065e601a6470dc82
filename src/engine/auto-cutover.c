#include "engine/auto-cutover.h"

/* So near that the application hardly waits. */
#define LEVEL_BYTES (1024 * 1024)
#define LEVEL_SEC   2.0
#define LEVEL_US    (5 * G_USEC_PER_SEC)
#define AGAIN_US    (60 * G_USEC_PER_SEC)
#define MAX_TRIES   5

struct _PgmAutoCutover
{
  int fence;
  gboolean fallback;
  gint64 level_since; /* 0: it isn't */
  gint64 next_try;
  guint tries;
};

PgmAutoCutover *
pgm_auto_cutover_new (const PgmMigrationBody *plan)
{
  PgmAutoCutover *self;

  if (plan->mode != PGM_MODE_CLONE_FOLLOW_SWITCHOVER)
    return NULL;
  self = g_new0 (PgmAutoCutover, 1);
  self->fence = plan->fence;
  self->fallback = plan->fallback;
  return self;
}

void
pgm_auto_cutover_free (PgmAutoCutover *self)
{
  g_free (self);
}

static gboolean
is_level (const PgmSnapshot *snapshot)
{
  return snapshot->phase == PGM_PHASE_STREAMING && snapshot->lag_bytes <= LEVEL_BYTES &&
         snapshot->lag_sec <= LEVEL_SEC;
}

/* Who has brought the writes back by hand doesn't want them moved again. */
static gboolean
was_done (const PgmSnapshot *snapshot)
{
  return snapshot->phase == PGM_PHASE_SWITCHOVER_COMPLETE ||
         (snapshot->cutover != NULL && snapshot->cutover->done);
}

static PgmJobRequest *
make_request (PgmAutoCutover *self)
{
  PgmJobRequest *request = pgm_record_new (&pgm_job_request_type);

  request->kind = PGM_REQUEST_SWITCHOVER;
  request->switchover = pgm_record_new (&pgm_switchover_options_type);
  request->switchover->fence = self->fence;
  request->switchover->no_reverse = !self->fallback;
  return request;
}

PgmJobRequest *
pgm_auto_cutover_look (PgmAutoCutover *self, const PgmSnapshot *snapshot, gint64 now)
{
  if (was_done (snapshot))
    self->tries = MAX_TRIES;
  if (self->tries >= MAX_TRIES || !is_level (snapshot))
    {
      self->level_since = 0;
      return NULL;
    }
  if (self->level_since == 0)
    self->level_since = now;
  if (now - self->level_since < LEVEL_US || now < self->next_try)
    return NULL;
  self->tries++;
  self->next_try = now + AGAIN_US;
  return make_request (self);
}
