/* Between engines and the dashboard, with engines that are played. */
#include "tui/feed.h"

#include <string.h>

#include "fixture/engine.h"

typedef struct
{
  PgmDashboard *dashboard;
  PgmFeed *feed;
  PgmTestEngine *engine;
  guint changes;
} Stage;

/* PgmTuiOptions has no place for data. */
static GPtrArray *
present (void)
{
  static GPtrArray *engines;

  if (engines == NULL)
    engines = g_ptr_array_new ();
  return engines;
}

static GPtrArray *
find_engines (GPtrArray *known)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < present ()->len; i++)
    if (!g_ptr_array_find (known, g_ptr_array_index (present (), i), NULL))
      g_ptr_array_add (found, g_object_ref (g_ptr_array_index (present (), i)));
  return found;
}

static const PgmTuiOptions options = { .find_engines = find_engines };

static void
on_changed (gpointer user_data)
{
  ((Stage *) user_data)->changes++;
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
set_up (Stage *self, gconstpointer data)
{
  self->dashboard = pgm_dashboard_new ();
  self->engine = pgm_test_engine_new ();
  pgm_test_engine_add_job (self->engine, "clone-1", 3);
  g_ptr_array_set_size (present (), 0);
  g_ptr_array_add (present (), self->engine);
  self->feed = pgm_feed_new (self->dashboard, &options, on_changed, self);
  pgm_feed_scan (self->feed);
  settle ();
}

static void
tear_down (Stage *self, gconstpointer data)
{
  pgm_feed_free (self->feed);
  settle ();
  g_object_unref (self->engine);
  pgm_dashboard_free (self->dashboard);
}

static gboolean
shows (Stage *self, const char *text)
{
  g_autoptr (PgmCanvas) canvas = NULL;

  pgm_dashboard_refresh (self->dashboard, g_get_monotonic_time ());
  canvas = pgm_dashboard_paint (self->dashboard, 100, 30, FALSE, NULL);
  for (guint i = 0; i < 30; i++)
    {
      g_autofree char *line = pgm_canvas_get_line (canvas, i);

      if (strstr (line, text) != NULL)
        return TRUE;
    }
  return FALSE;
}

static void
test_pictures (Stage *self, gconstpointer data)
{
  g_assert_cmpstr (pgm_dashboard_get_job (self->dashboard), ==, "clone-1");
  pgm_test_engine_show (self->engine, "clone-1", 42);
  g_assert_true (shows (self, "public.table_with_a_name"));
  g_assert_true (shows (self, "1 running of 1"));
  g_assert_cmpuint (self->changes, >, 0);
}

static void
test_end (Stage *self, gconstpointer data)
{
  pgm_test_engine_show (self->engine, "clone-1", 42);
  pgm_test_engine_finish (self->engine, "clone-1", PGM_OUTCOME_PROBLEMS);
  settle ();
  g_assert_true (shows (self, "problems"));
  g_assert_false (shows (self, "connection lost"));
  g_assert_true (shows (self, "0 running of 1"));
}

static void
test_requests (Stage *self, gconstpointer data)
{
  PgmWish wish = { PGM_WISH_REQUEST, PGM_REQUEST_PAUSE, (char *) (guintptr) "clone-1" };
  PgmWish other = { PGM_WISH_REQUEST, PGM_REQUEST_PAUSE, (char *) (guintptr) "nobody" };

  pgm_feed_wish (self->feed, &wish);
  settle ();
  g_assert_cmpint (pgm_test_engine_get_request (self->engine)->kind, ==, PGM_REQUEST_PAUSE);
  g_assert_true (shows (self, "pause clone-1: accepted"));
  pgm_test_engine_refuse (self->engine, "not \033[31mnow");
  pgm_feed_wish (self->feed, &wish);
  settle ();
  g_assert_true (shows (self, "pause clone-1: not \357\277\275[31mnow"));
  pgm_feed_wish (self->feed, &other);
  g_assert_true (shows (self, "no engine that has this job answers"));
  wish.kind = PGM_WISH_STOP;
  pgm_feed_wish (self->feed, &wish);
  settle ();
  g_assert_true (shows (self, "interrupted"));
}

/* Its process is killed: another engine in front of it makes a report up. */
static void
test_lost_and_back (Stage *self, gconstpointer data)
{
  g_autoptr (PgmTestEngine) again = NULL;
  PgmReport *report = pgm_record_new (&pgm_report_type);

  pgm_test_engine_show (self->engine, "clone-1", 42);
  g_ptr_array_set_size (present (), 0);
  pgm_test_engine_fail (self->engine, TRUE);
  report->outcome = PGM_OUTCOME_FAILED;
  g_signal_emit_by_name (self->engine, "finished", "clone-1", report);
  pgm_record_unref (report);
  settle ();
  g_assert_true (shows (self, "connection lost"));
  g_assert_true (shows (self, "public.table_with_a_name"));
  again = pgm_test_engine_new ();
  pgm_test_engine_add_job (again, "clone-1", 3);
  g_ptr_array_add (present (), again);
  pgm_feed_scan (self->feed);
  settle ();
  pgm_test_engine_show (again, "clone-1", 43);
  g_assert_false (shows (self, "connection lost"));
  g_assert_true (shows (self, "clone-1: its engine answers again"));
  g_assert_true (shows (self, "1 running of 1"));
  g_ptr_array_set_size (present (), 0);
}

/* It answers no more without a word about its jobs. */
static void
test_deaf (Stage *self, gconstpointer data)
{
  pgm_test_engine_show (self->engine, "clone-1", 42);
  g_ptr_array_set_size (present (), 0);
  pgm_test_engine_fail (self->engine, TRUE);
  pgm_feed_scan (self->feed);
  settle ();
  g_assert_true (shows (self, "connection lost"));
  /* What it still says is not listened to. */
  pgm_test_engine_show (self->engine, "clone-1", 44);
  g_assert_true (shows (self, "connection lost"));
}

/* The only one that is looked at is asked again, and says why it doesn't answer. */
static void
test_alone (Stage *self, gconstpointer data)
{
  PgmTuiOptions alone = { .engine = PGM_ENGINE (self->engine) };
  PgmFeed *feed;

  g_ptr_array_set_size (present (), 0);
  pgm_feed_free (self->feed);
  pgm_dashboard_free (self->dashboard);
  self->dashboard = pgm_dashboard_new ();
  self->feed = feed = pgm_feed_new (self->dashboard, &alone, on_changed, self);
  pgm_test_engine_fail (self->engine, TRUE);
  pgm_feed_scan (feed);
  settle ();
  g_assert_true (shows (self, "no answer: nobody is there"));
  pgm_feed_scan (feed);
  settle ();
  pgm_test_engine_fail (self->engine, FALSE);
  pgm_feed_scan (feed);
  settle ();
  pgm_test_engine_show (self->engine, "clone-1", 42);
  g_assert_true (shows (self, "1 running of 1"));
  pgm_test_engine_fail (self->engine, TRUE);
  pgm_feed_scan (feed);
  settle ();
  g_assert_true (shows (self, "connection lost"));
  pgm_test_engine_fail (self->engine, FALSE);
  pgm_feed_scan (feed);
  settle ();
  g_assert_false (shows (self, "connection lost"));
}

/* The dashboard is left while calls are under way. */
static void
test_left (Stage *self, gconstpointer data)
{
  PgmWish wish = { PGM_WISH_REQUEST, PGM_REQUEST_PAUSE, (char *) (guintptr) "clone-1" };

  pgm_feed_scan (self->feed);
  pgm_feed_wish (self->feed, &wish);
  g_assert_cmpint (pgm_test_engine_get_request (self->engine)->kind, ==, PGM_REQUEST_PAUSE);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Stage *, gconstpointer);
  } tests[] = {
    { "/tui/feed/pictures", test_pictures },
    { "/tui/feed/end", test_end },
    { "/tui/feed/requests", test_requests },
    { "/tui/feed/deaf", test_deaf },
    { "/tui/feed/lost-and-back", test_lost_and_back },
    { "/tui/feed/left", test_left },
    { "/tui/feed/alone", test_alone },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Stage, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
