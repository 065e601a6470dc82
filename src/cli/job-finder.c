#include "cli/job-finder.h"

#include "core/i18n.h"

void
pgm_job_choice_add (GOptionContext *context, PgmJobChoice *self)
{
  const GOptionEntry entries[] = {
    { "job", 0, 0, G_OPTION_ARG_FILENAME, &self->job_id,
      N_ ("Which job, when several run; or name its two ends"), "ID" },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_set_translation_domain (context, PGM_GETTEXT_DOMAIN);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  pgm_endpoint_options_add (context, &self->source, "source");
  pgm_endpoint_options_add (context, &self->destination, "dest");
  pgm_server_choice_add (context, &self->server);
}

void
pgm_job_choice_clear (PgmJobChoice *self)
{
  g_clear_pointer (&self->job_id, g_free);
  pgm_server_choice_clear (&self->server);
  pgm_endpoint_options_clear (&self->source);
  pgm_endpoint_options_clear (&self->destination);
}

void
pgm_found_job_free (PgmFoundJob *self)
{
  g_object_unref (self->engine);
  pgm_record_unref (self->job);
  g_free (self);
}

static void
free_found (gpointer found)
{
  pgm_found_job_free (found);
}

void
pgm_wait_callback (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

GAsyncResult *
pgm_wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

GPtrArray *
pgm_job_finder_list_engine (PgmEngine *engine, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  pgm_engine_list_jobs_async (engine, NULL, pgm_wait_callback, &result);
  return pgm_engine_list_jobs_finish (engine, pgm_wait_for (&result), error);
}

gboolean
pgm_found_job_request (PgmFoundJob *self, PgmJobRequest *request, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  pgm_engine_request_job_async (self->engine, self->job->id, request, NULL, pgm_wait_callback,
                                &result);
  return pgm_engine_request_job_finish (self->engine, pgm_wait_for (&result), error);
}

/* What the choice names, in the form of a job's. */
typedef struct
{
  const char *job_id;
  PgmEndpoint *source; /* NULL: any */
  PgmEndpoint *destination;
} Wanted;

static void
wanted_clear (Wanted *self)
{
  pgm_record_unref (self->source);
  pgm_record_unref (self->destination);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wanted, wanted_clear)

static gboolean
take_ends (PgmCli *cli, Wanted *wanted, PgmJobChoice *choice, GError **error)
{
  wanted->job_id = choice->job_id;
  if (pgm_endpoint_options_is_given (&choice->source) &&
      (wanted->source = pgm_endpoint_options_take (&choice->source, "source", error)) == NULL)
    return FALSE;
  if (pgm_endpoint_options_is_given (&choice->destination) &&
      (wanted->destination = pgm_endpoint_options_take (&choice->destination, "dest", error)) ==
          NULL)
    return FALSE;
  if (wanted->source != NULL)
    cli->host->complete_endpoint (wanted->source);
  if (wanted->destination != NULL)
    cli->host->complete_endpoint (wanted->destination);
  return TRUE;
}

static gboolean
fits (PgmCli *cli, const Wanted *wanted, const PgmJobInfo *job)
{
  const PgmJobSpec *spec = job->spec;

  if (wanted->job_id != NULL && g_strcmp0 (wanted->job_id, job->id) != 0)
    return FALSE;
  if (wanted->source != NULL &&
      (spec == NULL || !cli->host->is_same_database (wanted->source, spec->source)))
    return FALSE;
  return wanted->destination == NULL ||
         (spec != NULL && cli->host->is_same_database (wanted->destination, spec->destination));
}

static void
add_wanted (PgmCli *cli, const Wanted *wanted, PgmEngine *engine, GPtrArray *jobs, GPtrArray *found)
{
  for (guint i = 0; i < jobs->len; i++)
    {
      PgmJobInfo *job = g_ptr_array_index (jobs, i);
      PgmFoundJob *one;

      if (!job->here || job->status != PGM_JOB_RUNNING || !fits (cli, wanted, job))
        continue;
      one = g_new0 (PgmFoundJob, 1);
      one->engine = g_object_ref (engine);
      one->job = pgm_record_ref (job);
      g_ptr_array_add (found, one);
    }
}

static GPtrArray *
list_here (PgmCli *cli, const Wanted *wanted)
{
  g_autoptr (GPtrArray) engines = cli->host->find_engines ();
  GPtrArray *found = g_ptr_array_new_with_free_func (free_found);

  for (guint i = 0; i < engines->len; i++)
    {
      PgmEngine *engine = g_ptr_array_index (engines, i);
      g_autoptr (GPtrArray) jobs = pgm_job_finder_list_engine (engine, NULL);

      if (jobs != NULL)
        add_wanted (cli, wanted, engine, jobs, found);
    }
  return found;
}

static GPtrArray *
list_there (PgmCli *cli, const Wanted *wanted, const PgmServerChoice *server, GError **error)
{
  g_autoptr (PgmEngine) engine = pgm_server_choice_connect (server, cli, error);
  g_autoptr (GPtrArray) jobs = engine != NULL ? pgm_job_finder_list_engine (engine, error) : NULL;
  GPtrArray *found;

  if (jobs == NULL)
    return NULL;
  found = g_ptr_array_new_with_free_func (free_found);
  add_wanted (cli, wanted, engine, jobs, found);
  return found;
}

GPtrArray *
pgm_job_finder_list (PgmCli *cli, PgmJobChoice *choice, GError **error)
{
  g_auto (Wanted) wanted = { 0 };

  if (!take_ends (cli, &wanted, choice, error))
    return NULL;
  return pgm_server_choice_is_given (&choice->server)
             ? list_there (cli, &wanted, &choice->server, error)
             : list_here (cli, &wanted);
}

static void
refuse_several (GPtrArray *found, GError **error)
{
  g_autoptr (GString) hint = g_string_new (_ ("Name one of them with --job:"));

  for (guint i = 0; i < found->len; i++)
    g_string_append_printf (hint, "%s %s", i > 0 ? "," : "",
                            ((PgmFoundJob *) g_ptr_array_index (found, i))->job->id);
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, hint->str, "%u jobs are running",
                      found->len);
}

PgmFoundJob *
pgm_job_finder_find (PgmCli *cli, PgmJobChoice *choice, GError **error)
{
  gboolean named = choice->job_id != NULL || pgm_endpoint_options_is_given (&choice->source) ||
                   pgm_endpoint_options_is_given (&choice->destination);
  g_autoptr (GPtrArray) found = pgm_job_finder_list (cli, choice, error);

  if (found == NULL)
    return NULL;
  if (found->len == 1)
    return g_ptr_array_steal_index (found, 0);
  if (found->len > 1)
    refuse_several (found, error);
  else
    pgm_error_set_full (error, PGM_ERROR_NOT_FOUND, NULL, NULL,
                        _ ("`pgmanager status` shows what runs, and what ran."),
                        named ? "no such job is running" : "no job is running");
  return NULL;
}
