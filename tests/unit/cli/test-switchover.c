/* The commands that steer, against an engine that is played: what they ask for, what
 * they print, how they end. */
#include <string.h>

#include "cli/cli.h"
#include "fixture/engine.h"

typedef struct
{
  PgmTestEngine *engine;
  GString *printed;
} Stage;

/* GLib's print handler and the hooks of the host have no place for data. */
static Stage *
stage (void)
{
  static Stage only;

  return &only;
}

static void
on_print (const char *text)
{
  g_string_append (stage ()->printed, text);
}

static GPtrArray *
find_engines (void)
{
  GPtrArray *engines = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (engines, g_object_ref (stage ()->engine));
  return engines;
}

static gboolean
is_same (const PgmEndpoint *a, const PgmEndpoint *b)
{
  return g_strcmp0 (a->uri, b->uri) == 0;
}

static int
run (const char *line)
{
  const PgmCliHost host = { .find_engines = find_engines, .is_same_database = is_same };
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  int status;

  g_string_truncate (stage ()->printed, 0);
  g_set_print_handler (on_print);
  g_set_printerr_handler (on_print);
  status = pgm_cli_main ((int) g_strv_length (argv), argv, &host);
  g_set_print_handler (NULL);
  g_set_printerr_handler (NULL);
  return status;
}

static void
set_up (gpointer fixture, gconstpointer data)
{
  stage ()->engine = pgm_test_engine_new ();
  stage ()->printed = g_string_new (NULL);
  pgm_test_engine_add_job (stage ()->engine, "clone-1", 0);
}

static void
tear_down (gpointer fixture, gconstpointer data)
{
  g_assert_finalize_object (stage ()->engine);
  g_string_free (stage ()->printed, TRUE);
}

static void
add_step (PgmCutoverReport *cutover, const char *name, double at_ms, gboolean ok)
{
  PgmCutoverStep *step = pgm_record_new (&pgm_cutover_step_type);

  step->name = g_strdup (name);
  step->message = g_strdup_printf ("%s was here", name);
  step->at_ms = at_ms;
  step->ok = ok;
  g_ptr_array_add (cutover->steps, step);
}

static PgmCutoverReport *
make_cutover (gboolean done)
{
  PgmCutoverReport *cutover = pgm_record_new (&pgm_cutover_report_type);

  cutover->started_at = g_get_real_time ();
  cutover->fence = g_strdup ("readonly");
  cutover->direction = g_strdup ("forward");
  add_step (cutover, "fence", 0.5, TRUE);
  add_step (cutover, "sentinel", 12.5, done);
  cutover->done = cutover->proved = done;
  cutover->first_sentinel = 0x1000;
  cutover->stopped_ms = 123;
  cutover->longest_wait_ms = 150;
  if (!done)
    cutover->error = g_strdup ("the sentinel did not come in time");
  return cutover;
}

/* The job answers a request by and by: first two steps, then the end. */
static gboolean
play (gpointer data)
{
  PgmTestEngine *engine = stage ()->engine;

  if (pgm_test_engine_get_request (engine) == NULL)
    return G_SOURCE_CONTINUE;
  pgm_test_engine_show_cutover (engine, "clone-1", make_cutover (GPOINTER_TO_INT (data)));
  return G_SOURCE_REMOVE;
}

static void
test_done (gpointer fixture, gconstpointer data)
{
  PgmJobRequest *request;
  const char *printed;

  pgm_test_engine_show_cutover (stage ()->engine, "clone-1", make_cutover (FALSE));
  g_timeout_add (20, play, GINT_TO_POINTER (TRUE));
  g_assert_cmpint (run ("pgmanager switchover --timeout=45s --fence=readonly --sequence-margin=9"
                        " --no-reverse"),
                   ==, PGM_EXIT_OK);
  request = pgm_test_engine_get_request (stage ()->engine);
  g_assert_cmpint (request->kind, ==, PGM_REQUEST_SWITCHOVER);
  g_assert_cmpfloat (request->switchover->timeout_sec, ==, 45);
  g_assert_cmpint (request->switchover->fence, ==, PGM_FENCE_READONLY);
  g_assert_cmpint (request->switchover->sequence_margin, ==, 9);
  g_assert_true (request->switchover->no_reverse);
  printed = stage ()->printed->str;
  g_test_message ("%s", printed);
  g_assert_nonnull (strstr (printed, "12.5 ms  ok   sentinel"));
  g_assert_nonnull (strstr (printed, "123 ms"));
  g_assert_nonnull (strstr (printed, "0/1000"));
  g_assert_null (strstr (printed, "FAIL"));
}

/* A step that has begun is neither ok nor failed; it is shown when it has ended. */
static gboolean
play_slowly (gpointer data)
{
  PgmTestEngine *engine = stage ()->engine;
  PgmCutoverReport *cutover;
  PgmCutoverStep *step;

  if (pgm_test_engine_get_request (engine) == NULL)
    return G_SOURCE_CONTINUE;
  cutover = make_cutover (FALSE);
  g_clear_pointer (&cutover->error, g_free);
  step = g_ptr_array_index (cutover->steps, cutover->steps->len - 1);
  g_clear_pointer (&step->message, g_free);
  pgm_test_engine_show_cutover (engine, "clone-1", cutover);
  g_timeout_add (20, play, GINT_TO_POINTER (TRUE));
  return G_SOURCE_REMOVE;
}

static void
test_step_under_way (gpointer fixture, gconstpointer data)
{
  g_timeout_add (20, play_slowly, NULL);
  g_assert_cmpint (run ("pgmanager switchover"), ==, PGM_EXIT_OK);
  g_assert_null (strstr (stage ()->printed->str, "FAIL"));
  g_assert_nonnull (strstr (stage ()->printed->str, "12.5 ms  ok   sentinel"));
}

static void
test_given_up (gpointer fixture, gconstpointer data)
{
  g_timeout_add (20, play, GINT_TO_POINTER (FALSE));
  g_assert_cmpint (run ("pgmanager switchover --back --fence=pgbouncer:postgresql://u:MARKED@b/p"),
                   ==, PGM_EXIT_FAILED);
  g_assert_cmpint (pgm_test_engine_get_request (stage ()->engine)->kind, ==,
                   PGM_REQUEST_SWITCHOVER_BACK);
  g_assert_cmpstr (pgm_test_engine_get_request (stage ()->engine)->switchover->pgbouncer_uri, ==,
                   "postgresql://u:MARKED@b/p");
  g_assert_nonnull (strstr (stage ()->printed->str, "FAIL sentinel"));
  g_assert_nonnull (strstr (stage ()->printed->str, "did not come in time"));
  g_assert_null (strstr (stage ()->printed->str, "MARKED"));
}

static void
test_refused (gpointer fixture, gconstpointer data)
{
  pgm_test_engine_refuse (stage ()->engine, "switchover is not possible now: it copies");
  g_assert_cmpint (run ("pgmanager switchover"), ==, PGM_EXIT_REFUSED);
  g_assert_nonnull (strstr (stage ()->printed->str, "it copies"));
}

static gboolean
end_job (gpointer data)
{
  if (pgm_test_engine_get_request (stage ()->engine) == NULL)
    return G_SOURCE_CONTINUE;
  pgm_test_engine_finish (stage ()->engine, "clone-1", PGM_OUTCOME_FAILED);
  return G_SOURCE_REMOVE;
}

static void
test_job_ends (gpointer fixture, gconstpointer data)
{
  g_timeout_add (20, end_job, NULL);
  g_assert_cmpint (run ("pgmanager switchover"), ==, PGM_EXIT_FAILED);
  g_assert_nonnull (strstr (stage ()->printed->str, "before the switchover did"));
}

static void
test_usage (gpointer fixture, gconstpointer data)
{
  g_assert_cmpint (run ("pgmanager switchover --fence=wall"), ==, PGM_EXIT_USAGE);
  g_assert_cmpint (run ("pgmanager switchover --fence=pgbouncer"), ==, PGM_EXIT_USAGE);
  g_assert_cmpint (run ("pgmanager switchover --fence=none:x"), ==, PGM_EXIT_USAGE);
  g_assert_cmpint (run ("pgmanager switchover --timeout=soon"), ==, PGM_EXIT_USAGE);
  g_assert_cmpint (run ("pgmanager switchover --sequence-margin=-1"), ==, PGM_EXIT_USAGE);
  g_assert_cmpint (run ("pgmanager pause --job=nobody"), ==, PGM_EXIT_NOT_FOUND);
  g_assert_null (pgm_test_engine_get_request (stage ()->engine));
  pgm_test_engine_add_job (stage ()->engine, "clone-2", 0);
  g_assert_cmpint (run ("pgmanager pause"), ==, PGM_EXIT_USAGE);
  g_assert_nonnull (strstr (stage ()->printed->str, "clone-2, clone-1"));
}

static void
test_requests (gpointer fixture, gconstpointer data)
{
  g_assert_cmpint (run ("pgmanager pause"), ==, PGM_EXIT_OK);
  g_assert_cmpint (pgm_test_engine_get_request (stage ()->engine)->kind, ==, PGM_REQUEST_PAUSE);
  g_assert_cmpint (run ("pgmanager resume --output=json"), ==, PGM_EXIT_OK);
  g_assert_cmpint (pgm_test_engine_get_request (stage ()->engine)->kind, ==, PGM_REQUEST_RESUME);
  g_assert_cmpstr (stage ()->printed->str, ==,
                   "{\"answer\":{\"ok\":true,\"message\":\"Job clone-1: it goes on\","
                   "\"job_id\":\"clone-1\"}}\n");
  g_assert_cmpint (run ("pgmanager stop"), ==, PGM_EXIT_OK);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_vtable ("/cli/switchover/done", 0, NULL, set_up, test_done, tear_down);
  g_test_add_vtable ("/cli/switchover/given-up", 0, NULL, set_up, test_given_up, tear_down);
  g_test_add_vtable ("/cli/switchover/step-under-way", 0, NULL, set_up, test_step_under_way,
                     tear_down);
  g_test_add_vtable ("/cli/switchover/refused", 0, NULL, set_up, test_refused, tear_down);
  g_test_add_vtable ("/cli/switchover/job-ends", 0, NULL, set_up, test_job_ends, tear_down);
  g_test_add_vtable ("/cli/switchover/usage", 0, NULL, set_up, test_usage, tear_down);
  g_test_add_vtable ("/cli/switchover/requests", 0, NULL, set_up, test_requests, tear_down);
  return g_test_run ();
}
