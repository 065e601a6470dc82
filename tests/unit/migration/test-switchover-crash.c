/* A cutover killed between every two stages (R1): the next start undoes it, or
 * completes it, and nothing is lost. */
#include "migration/switchover.h"

#include <string.h>

#include "cutover-pair.h"

static void
assert_outcome (PgmCutoverRun *run, PgmBank *bank, gboolean moved)
{
  if (moved)
    {
      g_assert_cmpint (run->ctx.state->cutover, ==, PGM_CUTOVER_DONE);
      pgm_bank_move (bank, pgm_pair_shared ()->destination);
    }
  else
    {
      g_assert_cmpint (run->ctx.state->cutover, ==, PGM_CUTOVER_NONE);
      g_assert_null (run->ctx.state->fence);
    }
}

/* Killed between every two stages: the next start undoes it, or completes it. */
static void
test_crash (gconstpointer data)
{
  const char *point = data;
  gboolean moved = strstr (point, "decided") != NULL || strstr (point, "open") != NULL;
  PgmPair *pair = pgm_pair_shared ();
  g_autofree char *database = g_strdup_printf ("crash %s", point);
  g_autofree char *failpoint = g_strdup_printf ("%s=kill", point);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  PgmCutoverRun *run = NULL;
  PgmBank *bank = NULL;

  pgm_pair_make_bank (database);
  pgm_cutover_run_free (pgm_pair_start_run (database));
  before = pgm_cutover_footprint (pair->source);
  bank = pgm_pair_start_bank (database, NULL);
  g_assert_cmpint (pgm_pair_switch_in_child (database, failpoint, NULL), ==, -9);
  run = pgm_pair_start_run (database);
  assert_outcome (run, bank, moved);
  after = pgm_cutover_footprint (pair->source);
  if (!moved)
    g_assert_cmpstr (before, ==, after);
  pgm_pair_let_work (bank, 20);
  if (!moved)
    pgm_pair_switch_over (run, bank, pair->destination, PGM_FENCE_REVOKE);
  pgm_pair_let_work (bank, 20);
  pgm_bank_stop (bank, pair->destination);
  pgm_cutover_run_catch_up (run, pair->destination);
  pgm_bank_assert_equal (pair->source, pair->destination, database);
  pgm_cutover_run_free (run);
}

int
main (int argc, char **argv)
{
  static const char *const crashes[] = {
    "reverse.named",     "reverse.made",       "switchover.ready",    "switchover.fenced",
    "fence.raised",      "switchover.locked",  "switchover.sentinel", "switchover.handed-over",
    "switchover.proved", "switchover.decided", "switchover.open",     "switchover.opened",
  };
  int status;

  if (argc == 5 && g_str_equal (argv[1], "--cutover"))
    return pgm_pair_run_child (argv + 2);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (crashes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/switchover/R1/crash/%s", crashes[i]);
      g_test_add_data_func (path, crashes[i], test_crash);
    }
  status = g_test_run ();
  pgm_pair_free_shared ();
  return status;
}
