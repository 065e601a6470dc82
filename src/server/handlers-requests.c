#include "server/handlers.h"

#include "model/migration.h"

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmCall *call = user_data;
  PgmEngine *engine = PGM_ENGINE (source);
  GError *error = NULL;
  g_autofree char *id = pgm_engine_start_job_finish (engine, result, &error);
  PgmSnapshot *snapshot = NULL;

  if (id == NULL)
    pgm_call_fail (call, error);
  else
    {
      /* Whoever asks for it next must find it. */
      snapshot = pgm_engine_ref_snapshot (engine, id);
      if (snapshot != NULL)
        pgm_hub_put (call->house->hub, id, snapshot, NULL);
      pgm_record_unref (snapshot);
      pgm_call_answer_ok (call, id, "job \"%s\" has begun", id);
    }
  pgm_call_unref (call);
}

static void
start (PgmCall *call, PgmJobSpec *spec, GError *error)
{
  if (spec == NULL)
    {
      pgm_call_fail (call, error);
      return;
    }
  /* Never as the caller says; nobody else has seen the specification yet. */
  if (spec->source != NULL)
    spec->source->foreign = call->foreign;
  if (spec->destination != NULL)
    spec->destination->foreign = call->foreign;
  pgm_engine_start_job_async (call->house->engine, spec, NULL, on_started, pgm_call_ref (call));
  pgm_record_unref (spec);
}

void
pgm_handle_start (PgmCall *call)
{
  start (call, pgm_record_ref (call->body), NULL);
}

void
pgm_handle_clone (PgmCall *call)
{
  GError *error = NULL;
  PgmJobSpec *spec = pgm_clone_body_to_spec (call->body, &error);

  start (call, spec, error);
}

void
pgm_handle_follow (PgmCall *call)
{
  GError *error = NULL;
  PgmJobSpec *spec = pgm_follow_body_to_spec (call->body, &error);

  start (call, spec, error);
}

void
pgm_handle_compare (PgmCall *call)
{
  GError *error = NULL;
  PgmJobSpec *spec = pgm_compare_body_to_spec (call->body, &error);

  start (call, spec, error);
}

/* Called with the job that is meant; must answer. */
typedef void (*JobFunc) (PgmCall *call, const char *job_id);

typedef struct
{
  PgmCall *call;
  JobFunc func;
} Choice;

/* The newest that runs here is the current one, and without an id it is meant. */
static PgmJobInfo *
choose (const GPtrArray *jobs, const char *job_id)
{
  for (guint i = 0; i < jobs->len; i++)
    {
      PgmJobInfo *job = g_ptr_array_index (jobs, i);

      if (job_id != NULL ? g_str_equal (job->id, job_id)
                         : job->here && job->status == PGM_JOB_RUNNING)
        return job;
    }
  return NULL;
}

static GError *
refuse_choice (const PgmJobInfo *job, const char *job_id)
{
  GError *error = NULL;

  if (job_id == NULL)
    pgm_error_set (&error, PGM_ERROR_REFUSED, "no job is running here");
  else if (job == NULL)
    pgm_error_set (&error, PGM_ERROR_NOT_FOUND, "there is no job \"%s\"", job_id);
  else if (!job->here && job->status == PGM_JOB_RUNNING)
    pgm_error_set (&error, PGM_ERROR_REFUSED, "job \"%s\" runs in another process", job_id);
  else
    pgm_error_set (&error, PGM_ERROR_REFUSED, "job \"%s\" has ended", job_id);
  return error;
}

/* Accepted; its end is told by the snapshots, and may take a while. */
static void
stop (PgmCall *call, const char *job_id)
{
  pgm_engine_stop_job_async (call->house->engine, job_id, NULL, NULL, NULL);
  pgm_call_answer_ok (call, job_id, "job \"%s\" is being stopped", job_id);
}

static void
on_choice (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Choice *choice = user_data;
  PgmCall *call = choice->call;
  GError *error = NULL;
  g_autoptr (GPtrArray) jobs = pgm_engine_list_jobs_finish (PGM_ENGINE (source), result, &error);
  PgmJobInfo *job = jobs != NULL ? choose (jobs, call->id) : NULL;

  if (job != NULL && job->here && job->status == PGM_JOB_RUNNING)
    choice->func (call, job->id);
  else if (job != NULL && job->here && choice->func == stop)
    pgm_call_answer_ok (call, job->id, "job \"%s\" has ended already", job->id);
  else
    pgm_call_fail (call, error != NULL ? error : refuse_choice (job, call->id));
  pgm_call_unref (call);
}

static void
with_running_job (PgmCall *call, JobFunc func)
{
  Choice *choice = g_new0 (Choice, 1);

  choice->call = pgm_call_ref (call);
  choice->func = func;
  pgm_engine_list_jobs_async (call->house->engine, NULL, on_choice, choice);
}

void
pgm_handle_stop (PgmCall *call)
{
  with_running_job (call, stop);
}

static void
on_requested (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PgmCall *call = user_data;
  GError *error = NULL;

  if (pgm_engine_request_job_finish (PGM_ENGINE (source), result, &error))
    pgm_call_answer_ok (call, call->text, "job \"%s\" has the request", call->text);
  else
    pgm_call_fail (call, error);
  pgm_call_unref (call);
}

static void
request (PgmCall *call, const char *job_id, PgmRequestKind kind)
{
  PgmJobRequest *wish = pgm_record_new (&pgm_job_request_type);

  wish->kind = (int) kind;
  if (call->route->request == &pgm_switchover_options_type)
    wish->switchover = pgm_record_ref (call->body);
  call->text = g_strdup (job_id);
  pgm_engine_request_job_async (call->house->engine, job_id, wish, NULL, on_requested,
                                pgm_call_ref (call));
  pgm_record_unref (wish);
}

static void
switch_over (PgmCall *call, const char *job_id)
{
  request (call, job_id, PGM_REQUEST_SWITCHOVER);
}

static void
switch_back (PgmCall *call, const char *job_id)
{
  request (call, job_id, PGM_REQUEST_SWITCHOVER_BACK);
}

static void
cancel_cutover (PgmCall *call, const char *job_id)
{
  request (call, job_id, PGM_REQUEST_SWITCHOVER_CANCEL);
}

static void
pause_job (PgmCall *call, const char *job_id)
{
  request (call, job_id, PGM_REQUEST_PAUSE);
}

static void
resume (PgmCall *call, const char *job_id)
{
  request (call, job_id, PGM_REQUEST_RESUME);
}

static void
verify (PgmCall *call, const char *job_id)
{
  request (call, job_id, PGM_REQUEST_VERIFY);
}

static void
clean_up (PgmCall *call, const char *job_id)
{
  request (call, job_id, PGM_REQUEST_CLEANUP);
}

void
pgm_handle_switchover (PgmCall *call)
{
  with_running_job (call, switch_over);
}

void
pgm_handle_switchover_back (PgmCall *call)
{
  with_running_job (call, switch_back);
}

void
pgm_handle_switchover_cancel (PgmCall *call)
{
  with_running_job (call, cancel_cutover);
}

void
pgm_handle_pause (PgmCall *call)
{
  with_running_job (call, pause_job);
}

void
pgm_handle_resume (PgmCall *call)
{
  with_running_job (call, resume);
}

void
pgm_handle_verify (PgmCall *call)
{
  with_running_job (call, verify);
}

void
pgm_handle_cleanup (PgmCall *call)
{
  with_running_job (call, clean_up);
}
