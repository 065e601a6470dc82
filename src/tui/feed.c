#include "tui/feed.h"

#include "core/error.h"
#include "core/i18n.h"

#define SCAN_SECONDS 2
/* History changes when a job ends, and nobody waits for it. */
#define HISTORY_SCANS 4

typedef struct
{
  PgmFeed *feed;
  PgmEngine *engine;
  gulong snapshot_handler;
  gulong finished_handler;
  gboolean listing;
  GHashTable *jobs; /* ids that it runs */
} Source;

struct _PgmFeed
{
  PgmDashboard *dashboard;
  const PgmTuiOptions *options;
  void (*changed) (gpointer user_data);
  gpointer user_data;
  GCancellable *cancellable; /* of calls; once cancelled, @self is gone */
  GPtrArray *sources;        /* Source */
  guint timer;
  guint scans;
  gboolean listing_history;
  GHashTable *lost;   /* ids of jobs that an engine no longer answers for */
  char *told;         /* the last error of an engine without a job */
  char *asked_events; /* the job whose events are being asked for */
};

static void
source_free (gpointer data)
{
  Source *source = data;

  g_signal_handler_disconnect (source->engine, source->snapshot_handler);
  g_signal_handler_disconnect (source->engine, source->finished_handler);
  g_hash_table_unref (source->jobs);
  g_object_unref (source->engine);
  g_free (source);
}

/* An answer may come when the feed, or its source, is gone. */
static gboolean
is_cancelled (const GError *error)
{
  return error != NULL && pgm_error_is_cancelled (error);
}

static void
note_error (PgmFeed *self, const char *what, const GError *error)
{
  const char *hint = pgm_error_get_hint (error);
  g_autofree char *text = hint != NULL ? g_strdup_printf ("%s: %s. %s", what, error->message, hint)
                                       : g_strdup_printf ("%s: %s", what, error->message);

  pgm_dashboard_note (self->dashboard, PGM_NOTE_ERROR, text, g_get_monotonic_time ());
}

static Source *
find_source (PgmFeed *self, PgmEngine *engine)
{
  for (guint i = 0; i < self->sources->len; i++)
    {
      Source *source = g_ptr_array_index (self->sources, i);

      if (source->engine == engine)
        return source;
    }
  return NULL;
}

static Source *
find_owner (PgmFeed *self, const char *job_id)
{
  for (guint i = 0; i < self->sources->len; i++)
    {
      Source *source = g_ptr_array_index (self->sources, i);

      if (g_hash_table_contains (source->jobs, job_id))
        return source;
    }
  return NULL;
}

/* Nobody answers for it any more. */
static void
lose_job (PgmFeed *self, const char *job_id)
{
  g_autofree char *text = g_strdup_printf (_ ("%s: the connection to its engine is lost"), job_id);

  if (find_owner (self, job_id) != NULL)
    return;
  g_hash_table_add (self->lost, g_strdup (job_id));
  pgm_dashboard_set_served (self->dashboard, job_id, FALSE);
  pgm_dashboard_note (self->dashboard, PGM_NOTE_ERROR, text, g_get_monotonic_time ());
}

static void
gain_job (PgmFeed *self, const char *job_id)
{
  g_autofree char *text = g_strdup_printf (_ ("%s: its engine answers again"), job_id);

  pgm_dashboard_set_served (self->dashboard, job_id, TRUE);
  if (g_hash_table_remove (self->lost, job_id))
    pgm_dashboard_note (self->dashboard, PGM_NOTE_PLAIN, text, g_get_monotonic_time ());
}

/* ---- what engines tell by themselves ---- */

static void
on_snapshot (PgmEngine *engine, const char *job_id, PgmSnapshot *snapshot, Source *source)
{
  pgm_dashboard_take_snapshot (source->feed->dashboard, job_id, snapshot, g_get_monotonic_time ());
}

/* An engine in front of another process makes up a report when that one has gone away;
 * it has no beginning. */
static gboolean
is_made_up (const PgmReport *report)
{
  return report->started_at == 0;
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, Source *source)
{
  PgmFeed *self = source->feed;

  g_hash_table_remove (source->jobs, job_id);
  if (is_made_up (report))
    lose_job (self, job_id);
  else
    {
      pgm_dashboard_set_served (self->dashboard, job_id, FALSE);
      pgm_dashboard_take_report (self->dashboard, job_id, report);
    }
  self->changed (self->user_data);
  /* Has it gone, or only our line to it? */
  pgm_feed_scan (self);
}

/* ---- what they are asked for ---- */

static void
take_list (Source *source, GPtrArray *jobs)
{
  PgmFeed *self = source->feed;

  for (guint i = 0; i < jobs->len; i++)
    {
      const PgmJobInfo *job = g_ptr_array_index (jobs, i);

      if (!job->here || job->status != PGM_JOB_RUNNING)
        continue;
      if (g_hash_table_add (source->jobs, g_strdup (job->id)))
        gain_job (self, job->id);
    }
  pgm_dashboard_take_jobs (self->dashboard, jobs);
}

static void
drop_source (PgmFeed *self, Source *source, const GError *error)
{
  g_autoptr (GHashTable) jobs = g_hash_table_ref (source->jobs);
  GHashTableIter iter;
  gpointer job_id;

  g_ptr_array_remove (self->sources, source);
  g_hash_table_iter_init (&iter, jobs);
  while (g_hash_table_iter_next (&iter, &job_id, NULL))
    lose_job (self, job_id);
  /* One of several whose jobs have all ended has nothing more to say; the only one
   * does, but says the same again and again. */
  if (g_hash_table_size (jobs) == 0 &&
      (self->options->engine == NULL || g_strcmp0 (self->told, error->message) == 0))
    return;
  g_free (self->told);
  self->told = g_strdup (error->message);
  note_error (self, _ ("no answer"), error);
}

static void
on_listed (GObject *object, GAsyncResult *result, gpointer user_data)
{
  PgmFeed *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) jobs = pgm_engine_list_jobs_finish (PGM_ENGINE (object), result, &error);
  Source *source;

  if (is_cancelled (error) || (source = find_source (self, PGM_ENGINE (object))) == NULL)
    return;
  source->listing = FALSE;
  if (jobs != NULL)
    {
      g_clear_pointer (&self->told, g_free);
      take_list (source, jobs);
    }
  else
    drop_source (self, source, error);
  self->changed (self->user_data);
}

static void
list_jobs (Source *source)
{
  if (source->listing)
    return;
  source->listing = TRUE;
  pgm_engine_list_jobs_async (source->engine, source->feed->cancellable, on_listed, source->feed);
}

static void
on_history (GObject *object, GAsyncResult *result, gpointer user_data)
{
  PgmFeed *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) jobs = pgm_engine_list_jobs_finish (PGM_ENGINE (object), result, &error);

  if (is_cancelled (error))
    return;
  self->listing_history = FALSE;
  if (jobs != NULL)
    pgm_dashboard_take_jobs (self->dashboard, jobs);
  self->changed (self->user_data);
}

static void
list_history (PgmFeed *self)
{
  if (self->options->engine != NULL || self->options->history == NULL || self->listing_history)
    return;
  self->listing_history = TRUE;
  pgm_engine_list_jobs_async (self->options->history, self->cancellable, on_history, self);
}

static void
on_events (GObject *object, GAsyncResult *result, gpointer user_data)
{
  PgmFeed *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) events =
      pgm_engine_list_events_finish (PGM_ENGINE (object), result, &error);
  g_autofree char *job_id = NULL;

  if (is_cancelled (error))
    return;
  job_id = g_steal_pointer (&self->asked_events);
  if (events == NULL)
    events = g_ptr_array_new ();
  pgm_dashboard_take_events (self->dashboard, job_id, events);
  self->changed (self->user_data);
}

/* Of a job that is over, once somebody looks at it. */
static void
ask_for_events (PgmFeed *self)
{
  PgmEngine *engine =
      self->options->engine != NULL ? self->options->engine : self->options->history;

  if (engine == NULL || self->asked_events != NULL || !pgm_dashboard_lacks_events (self->dashboard))
    return;
  self->asked_events = g_strdup (pgm_dashboard_get_job (self->dashboard));
  pgm_engine_list_events_async (engine, self->asked_events, self->cancellable, on_events, self);
}

/* ---- finding ---- */

static void
add_source (PgmFeed *self, PgmEngine *engine)
{
  Source *source = g_new0 (Source, 1);

  source->feed = self;
  source->engine = g_object_ref (engine);
  source->jobs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  source->snapshot_handler =
      g_signal_connect (engine, "snapshot", G_CALLBACK (on_snapshot), source);
  source->finished_handler =
      g_signal_connect (engine, "finished", G_CALLBACK (on_finished), source);
  g_ptr_array_add (self->sources, source);
}

static void
find_sources (PgmFeed *self)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  g_autoptr (GPtrArray) found = NULL;

  if (self->options->engine != NULL)
    {
      if (self->sources->len == 0)
        add_source (self, self->options->engine);
      return;
    }
  for (guint i = 0; i < self->sources->len; i++)
    g_ptr_array_add (known, ((Source *) g_ptr_array_index (self->sources, i))->engine);
  found = self->options->find_engines (known);
  for (guint i = 0; i < found->len; i++)
    add_source (self, g_ptr_array_index (found, i));
}

void
pgm_feed_scan (PgmFeed *self)
{
  find_sources (self);
  for (guint i = 0; i < self->sources->len; i++)
    list_jobs (g_ptr_array_index (self->sources, i));
  if (self->scans++ % HISTORY_SCANS == 0)
    list_history (self);
  ask_for_events (self);
}

static gboolean
on_timer (gpointer user_data)
{
  pgm_feed_scan (user_data);
  return G_SOURCE_CONTINUE;
}

PgmFeed *
pgm_feed_new (PgmDashboard *dashboard,
              const PgmTuiOptions *options,
              void (*changed) (gpointer user_data),
              gpointer user_data)
{
  PgmFeed *self = g_new0 (PgmFeed, 1);

  self->dashboard = dashboard;
  self->options = options;
  self->changed = changed;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->sources = g_ptr_array_new_with_free_func (source_free);
  self->lost = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->timer = g_timeout_add_seconds (SCAN_SECONDS, on_timer, self);
  return self;
}

void
pgm_feed_free (PgmFeed *self)
{
  g_cancellable_cancel (self->cancellable);
  g_source_remove (self->timer);
  g_ptr_array_unref (self->sources);
  g_hash_table_unref (self->lost);
  g_object_unref (self->cancellable);
  g_free (self->asked_events);
  g_free (self->told);
  g_free (self);
}

/* ---- wishes ---- */

typedef struct
{
  PgmFeed *feed;
  GCancellable *cancellable;
  char *what;
} Call;

static const char *
describe_wish (const PgmWish *wish)
{
  return wish->kind == PGM_WISH_STOP ? "stop" : pgm_request_kind_names[wish->request];
}

static Call *
call_new (PgmFeed *self, const PgmWish *wish)
{
  Call *call = g_new0 (Call, 1);

  call->feed = self;
  call->cancellable = g_object_ref (self->cancellable);
  call->what = g_strdup_printf ("%s %s", describe_wish (wish), wish->job_id);
  return call;
}

static void
finish_call (Call *call, const GError *error)
{
  PgmFeed *self = call->feed;

  if (!g_cancellable_is_cancelled (call->cancellable))
    {
      g_autofree char *text = g_strdup_printf (_ ("%s: accepted"), call->what);

      if (error != NULL)
        note_error (self, call->what, error);
      else
        pgm_dashboard_note (self->dashboard, PGM_NOTE_GOOD, text, g_get_monotonic_time ());
      self->changed (self->user_data);
    }
  g_object_unref (call->cancellable);
  g_free (call->what);
  g_free (call);
}

static void
on_stopped (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  (void) pgm_engine_stop_job_finish (PGM_ENGINE (object), result, &error);
  finish_call (user_data, error);
}

static void
on_requested (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  (void) pgm_engine_request_job_finish (PGM_ENGINE (object), result, &error);
  finish_call (user_data, error);
}

void
pgm_feed_wish (PgmFeed *self, const PgmWish *wish)
{
  Source *owner = find_owner (self, wish->job_id);
  g_autofree char *text = NULL;
  PgmJobRequest *request;

  if (owner == NULL)
    {
      text = g_strdup_printf (_ ("%s %s: no engine that has this job answers"),
                              describe_wish (wish), wish->job_id);
      pgm_dashboard_note (self->dashboard, PGM_NOTE_ERROR, text, g_get_monotonic_time ());
      return;
    }
  text = g_strdup_printf (_ ("%s %s: asked for"), describe_wish (wish), wish->job_id);
  pgm_dashboard_note (self->dashboard, PGM_NOTE_PLAIN, text, g_get_monotonic_time ());
  /* Not with our cancellable: what was asked for is asked for, whoever leaves. */
  if (wish->kind == PGM_WISH_STOP)
    {
      pgm_engine_stop_job_async (owner->engine, wish->job_id, NULL, on_stopped,
                                 call_new (self, wish));
      return;
    }
  request = pgm_record_new (&pgm_job_request_type);
  request->kind = (int) wish->request;
  pgm_engine_request_job_async (owner->engine, wish->job_id, request, NULL, on_requested,
                                call_new (self, wish));
  pgm_record_unref (request);
}
