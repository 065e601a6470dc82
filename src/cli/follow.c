#include "cli/command.h"
#include "cli/endpoint-options.h"
#include "cli/follow-options.h"
#include "cli/job-runner.h"
#include "core/i18n.h"

typedef struct
{
  PgmEndpointOptions source;
  PgmEndpointOptions destination;
  PgmFollowArguments follow;
  char *start;
  char *output;
  PgmRunArguments run;
  gboolean resume;
} FollowArguments;

static void
follow_arguments_clear (FollowArguments *self)
{
  pgm_server_choice_clear (&self->run.server);
  pgm_endpoint_options_clear (&self->source);
  pgm_endpoint_options_clear (&self->destination);
  pgm_follow_arguments_clear (&self->follow);
  g_free (self->start);
  g_free (self->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FollowArguments, follow_arguments_clear)

static GOptionContext *
make_context (FollowArguments *arguments)
{
  const GOptionEntry entries[] = {
    { "start-lsn", 0, 0, G_OPTION_ARG_FILENAME, &arguments->start,
      N_ ("With --slot: the position that the rows are of (where the slot stands)"), "X/Y" },
    { "resume", 0, 0, G_OPTION_ARG_NONE, &arguments->resume,
      N_ ("Go on (as it does anyway when a job is there)"), NULL },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &arguments->output, N_ ("Form of the result"),
      "table|json" },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context,
      _ ("Follows changes only: into a destination that has the rows already. It goes on with\n"
         "the job that `clone --follow` has left there; without one it takes over a slot of\n"
         "yours (--slot, --publication), or makes slot and publication now, when both sides\n"
         "are equal at this moment."));
  g_option_context_set_description (
      context, _ ("Examples:\n"
                  "  pgmanager follow --source-uri=postgresql://db1/shop "
                  "--dest-uri=postgresql://db2/shop\n"
                  "  pgmanager follow --slot=mine --publication=mine --start-lsn=16/B374D848 …\n\n"
                  "Ctrl-C stops it; the same command goes on from there, nothing is lost or\n"
                  "doubled. Until then the source keeps its WAL for the slot: `pgmanager cleanup`\n"
                  "removes all of it.\n"));
  g_option_context_set_translation_domain (context, PGM_GETTEXT_DOMAIN);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  pgm_run_arguments_add (context, &arguments->run);
  pgm_server_choice_add (context, &arguments->run.server);
  pgm_follow_arguments_add (context, &arguments->follow);
  pgm_endpoint_options_add (context, &arguments->source, "source");
  pgm_endpoint_options_add (context, &arguments->destination, "dest");
  return context;
}

static gboolean
read_start (FollowArguments *arguments, PgmFollowOptions *options, GError **error)
{
  if (arguments->start == NULL)
    return TRUE;
  if (options->slot_name == NULL)
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          _ ("A slot that is made now begins now."), "--start-lsn needs --slot");
      return FALSE;
    }
  return pgm_lsn_parse (arguments->start, &options->start_lsn, error);
}

static PgmJobSpec *
make_spec (FollowArguments *arguments, GError **error)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = PGM_JOB_FOLLOW;
  spec->follow = pgm_follow_arguments_take (&arguments->follow, error);
  if (spec->follow != NULL && read_start (arguments, spec->follow, error) &&
      (spec->source = pgm_endpoint_options_take (&arguments->source, "source", error)) != NULL &&
      (spec->destination = pgm_endpoint_options_take (&arguments->destination, "dest", error)) !=
          NULL)
    return spec;
  pgm_record_unref (spec);
  return NULL;
}

int
pgm_command_follow (PgmCli *cli, int argc, char **argv)
{
  g_auto (FollowArguments) arguments = { 0 };
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
  status = pgm_job_runner_main (cli, spec, &arguments.run, output);
  pgm_record_unref (spec);
  return status;
}
