#include "cli/command.h"
#include "cli/endpoint-options.h"
#include "cli/job-runner.h"
#include "core/i18n.h"

typedef struct
{
  PgmEndpointOptions source;
  PgmEndpointOptions destination;
  gboolean keep_fence;
  char *output;
} CleanupArguments;

static void
cleanup_arguments_clear (CleanupArguments *self)
{
  pgm_endpoint_options_clear (&self->source);
  pgm_endpoint_options_clear (&self->destination);
  g_free (self->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CleanupArguments, cleanup_arguments_clear)

static GOptionContext *
make_context (CleanupArguments *arguments)
{
  const GOptionEntry entries[] = {
    { "keep-fence", 0, 0, G_OPTION_ARG_NONE, &arguments->keep_fence,
      N_ ("Leave the fence of a cutover up"), NULL },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &arguments->output, N_ ("Form of the result"),
      "table|json" },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context,
      _ ("Removes everything of ours from both sides: replication slot and publication on the\n"
         "source, replication origin and the schema “pgmanager” on the destination, and what a\n"
         "cutover left: the way back, and the fence in front of the old server, which takes\n"
         "connections again then (--keep-fence leaves it). The rows stay. A job that runs is to\n"
         "be stopped first. Afterwards following can't go on."));
  g_option_context_set_description (context,
                                    _ ("Example:\n"
                                       "  pgmanager cleanup --source-uri=postgresql://db1/shop "
                                       "--dest-uri=postgresql://db2/shop\n"));
  g_option_context_set_translation_domain (context, PGM_GETTEXT_DOMAIN);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  pgm_endpoint_options_add (context, &arguments->source, "source");
  pgm_endpoint_options_add (context, &arguments->destination, "dest");
  return context;
}

static PgmJobSpec *
make_spec (CleanupArguments *arguments, GError **error)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = PGM_JOB_CLEANUP;
  spec->follow = pgm_record_new (&pgm_follow_options_type);
  spec->follow->keep_fence = arguments->keep_fence;
  if ((spec->source = pgm_endpoint_options_take (&arguments->source, "source", error)) != NULL &&
      (spec->destination = pgm_endpoint_options_take (&arguments->destination, "dest", error)) !=
          NULL)
    return spec;
  pgm_record_unref (spec);
  return NULL;
}

int
pgm_command_cleanup (PgmCli *cli, int argc, char **argv)
{
  g_auto (CleanupArguments) arguments = { 0 };
  g_autoptr (GOptionContext) context = make_context (&arguments);
  g_autoptr (GError) error = NULL;
  PgmOutput output;
  PgmJobSpec *spec;
  gboolean help;
  int status;

  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  if (!pgm_command_parse_output (arguments.output, &output, &error) ||
      (spec = make_spec (&arguments, &error)) == NULL)
    return pgm_command_fail (error);
  status = pgm_job_runner_main (cli, spec, output);
  pgm_record_unref (spec);
  return status;
}
