/* When a migration cuts over by itself: only level for some time, a few times, once. */
#include "engine/auto-cutover.h"

#define SECOND G_USEC_PER_SEC

static PgmMigrationBody *
make_plan (PgmMigrationMode mode)
{
  PgmMigrationBody *plan = pgm_record_new (&pgm_migration_body_type);

  plan->mode = (int) mode;
  plan->fence = PGM_FENCE_READONLY;
  plan->fallback = TRUE;
  return plan;
}

static PgmAutoCutover *
make (void)
{
  PgmMigrationBody *plan = make_plan (PGM_MODE_CLONE_FOLLOW_SWITCHOVER);
  PgmAutoCutover *self = pgm_auto_cutover_new (plan);

  pgm_record_unref (plan);
  g_assert_nonnull (self);
  return self;
}

/* Is a request due for such a picture? */
static gboolean
look (PgmAutoCutover *self, PgmPhase phase, guint64 lag, gboolean done, gint64 now)
{
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);
  PgmJobRequest *request;
  gboolean due;

  snapshot->phase = (int) phase;
  snapshot->lag_bytes = lag;
  if (done)
    {
      snapshot->cutover = pgm_record_new (&pgm_cutover_report_type);
      snapshot->cutover->done = TRUE;
    }
  request = pgm_auto_cutover_look (self, snapshot, now);
  due = request != NULL;
  if (due)
    {
      g_assert_cmpint (request->kind, ==, PGM_REQUEST_SWITCHOVER);
      g_assert_cmpint (request->switchover->fence, ==, PGM_FENCE_READONLY);
      g_assert_false (request->switchover->no_reverse);
    }
  pgm_record_unref (request);
  pgm_record_unref (snapshot);
  return due;
}

static void
test_only_when_asked (void)
{
  for (int mode = PGM_MODE_CLONE_ONLY; mode < PGM_MODE_CLONE_FOLLOW_SWITCHOVER; mode++)
    {
      PgmMigrationBody *plan = make_plan ((PgmMigrationMode) mode);

      g_assert_null (pgm_auto_cutover_new (plan));
      pgm_record_unref (plan);
    }
}

static void
test_level_for_a_while (void)
{
  PgmAutoCutover *self = make ();

  g_assert_false (look (self, PGM_PHASE_COPY, 0, FALSE, 1 * SECOND));
  g_assert_false (look (self, PGM_PHASE_CATCH_UP, 0, FALSE, 20 * SECOND));
  g_assert_false (look (self, PGM_PHASE_STREAMING, 0, FALSE, 30 * SECOND));
  g_assert_false (look (self, PGM_PHASE_STREAMING, 0, FALSE, 34 * SECOND));
  /* It fell behind: from the beginning. */
  g_assert_false (look (self, PGM_PHASE_STREAMING, 100 << 20, FALSE, 35 * SECOND));
  g_assert_false (look (self, PGM_PHASE_STREAMING, 0, FALSE, 36 * SECOND));
  g_assert_false (look (self, PGM_PHASE_STREAMING, 0, FALSE, 40 * SECOND));
  g_assert_true (look (self, PGM_PHASE_STREAMING, 0, FALSE, 41 * SECOND));
  pgm_auto_cutover_free (self);
}

static void
test_tries (void)
{
  PgmAutoCutover *self = make ();
  guint tries = 0;

  for (gint64 now = 1; now < 3600; now++)
    tries += look (self, PGM_PHASE_STREAMING, 0, FALSE, now * SECOND) ? 1 : 0;
  g_assert_cmpuint (tries, ==, 5);
  pgm_auto_cutover_free (self);
}

/* Nor after somebody has brought the writes back. */
static void
test_once (void)
{
  PgmAutoCutover *self = make ();

  g_assert_false (look (self, PGM_PHASE_SWITCHOVER_COMPLETE, 0, TRUE, 1 * SECOND));
  for (gint64 now = 2; now < 600; now++)
    g_assert_false (look (self, PGM_PHASE_STREAMING, 0, FALSE, now * SECOND));
  pgm_auto_cutover_free (self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/auto-cutover/only-when-asked", test_only_when_asked);
  g_test_add_func ("/engine/auto-cutover/level-for-a-while", test_level_for_a_while);
  g_test_add_func ("/engine/auto-cutover/tries", test_tries);
  g_test_add_func ("/engine/auto-cutover/once", test_once);
  return g_test_run ();
}
