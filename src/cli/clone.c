#include "cli/command.h"
#include "cli/endpoint-options.h"
#include "cli/follow-options.h"
#include "cli/job-runner.h"
#include "core/i18n.h"
#include "core/units.h"

typedef struct
{
  PgmEndpointOptions source;
  PgmEndpointOptions destination;
  PgmFollowArguments follow_options;
  char *copy_workers;
  char *index_workers;
  char *split;
  char *output;
  char **include;
  char **exclude;
  gboolean schema_only;
  gboolean data_only;
  gboolean no_owner;
  gboolean no_acl;
  gboolean drop_existing;
  gboolean resume;
  gboolean follow;
  gboolean dry_run;
  PgmRunArguments run;
} CloneArguments;

static void
clone_arguments_clear (CloneArguments *self)
{
  pgm_server_choice_clear (&self->run.server);
  pgm_endpoint_options_clear (&self->source);
  pgm_endpoint_options_clear (&self->destination);
  pgm_follow_arguments_clear (&self->follow_options);
  g_free (self->copy_workers);
  g_free (self->index_workers);
  g_free (self->split);
  g_free (self->output);
  g_strfreev (self->include);
  g_strfreev (self->exclude);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CloneArguments, clone_arguments_clear)

static GOptionContext *
make_context (CloneArguments *arguments)
{
  const GOptionEntry entries[] = {
    { "copy-workers", 0, 0, G_OPTION_ARG_FILENAME, &arguments->copy_workers,
      N_ ("Tables copied at once (2 per processor, at most 4)"), "N" },
    { "index-workers", 0, 0, G_OPTION_ARG_FILENAME, &arguments->index_workers,
      N_ ("Indexes and keys built at once (1 per processor, at most 4)"), "N" },
    { "split-larger-than", 0, 0, G_OPTION_ARG_FILENAME, &arguments->split,
      N_ ("Copy larger tables in several parts, e.g. 1GB (chosen by size and workers)"), "SIZE" },
    { "include", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->include,
      N_ ("Only this: \"schema\" or \"schema.table\", with * and ?; may be repeated"), "PATTERN" },
    { "exclude", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->exclude,
      N_ ("All but this; may be repeated"), "PATTERN" },
    { "schema-only", 0, 0, G_OPTION_ARG_NONE, &arguments->schema_only, N_ ("No rows"), NULL },
    { "data-only", 0, 0, G_OPTION_ARG_NONE, &arguments->data_only,
      N_ ("Rows into tables that are there already"), NULL },
    { "no-owner", 0, 0, G_OPTION_ARG_NONE, &arguments->no_owner,
      N_ ("Everything belongs to the connecting role"), NULL },
    { "no-acl", 0, 0, G_OPTION_ARG_NONE, &arguments->no_acl, N_ ("No GRANTs"), NULL },
    { "drop-existing", 0, 0, G_OPTION_ARG_NONE, &arguments->drop_existing,
      N_ ("First drop what is in the way on the destination"), NULL },
    { "resume", 0, 0, G_OPTION_ARG_NONE, &arguments->resume,
      N_ ("Go on with a clone that was interrupted"), NULL },
    { "follow", 0, 0, G_OPTION_ARG_NONE, &arguments->follow,
      N_ ("Go on with every change of the source from the moment of the copy on"), NULL },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &arguments->dry_run, N_ ("Only check, and show the plan"),
      NULL },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &arguments->output, N_ ("Form of the result"),
      "table|json" },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context,
      _ ("Copies one database whole: schema, rows, indexes, constraints, sequences, large\n"
         "objects, owners and grants, all from one snapshot. Nothing is written to the\n"
         "source. The destination database must exist and be empty.\n\n"
         "With --follow the snapshot is that of a replication slot, and every change from\n"
         "then on is applied, exactly once, until it is stopped. Then there is a slot and a\n"
         "publication on the source: `pgmanager cleanup` removes them."));
  g_option_context_set_description (
      context,
      _ ("Examples:\n"
         "  pgmanager clone --source-uri=postgresql://db1/shop --dest-uri=postgresql://db2/shop\n"
         "  pgmanager clone --source-uri=service=old --dest-uri=service=new --dry-run\n\n"
         "  pgmanager clone --follow --source-uri=service=old --dest-uri=service=new\n\n"
         "After an interruption the same command with --resume goes on: tables that are\n"
         "complete and still equal are kept, the others are copied again. With --follow no\n"
         "table needs to be compared, and a job that was following goes on to follow.\n"));
  g_option_context_set_translation_domain (context, PGM_GETTEXT_DOMAIN);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  pgm_run_arguments_add (context, &arguments->run);
  pgm_server_choice_add (context, &arguments->run.server);
  pgm_follow_arguments_add (context, &arguments->follow_options);
  pgm_endpoint_options_add (context, &arguments->source, "source");
  pgm_endpoint_options_add (context, &arguments->destination, "dest");
  return context;
}

static gboolean
read_numbers (CloneArguments *arguments, PgmCloneOptions *options, GError **error)
{
  if (arguments->copy_workers != NULL && !pgm_parse_int (arguments->copy_workers, "--copy-workers",
                                                         1, 128, &options->copy_workers, error))
    return FALSE;
  if (arguments->index_workers != NULL &&
      !pgm_parse_int (arguments->index_workers, "--index-workers", 1, 128, &options->index_workers,
                      error))
    return FALSE;
  if (arguments->split != NULL && !pgm_parse_size (arguments->split, &options->split_bytes, error))
    return FALSE;
  if (arguments->schema_only && arguments->data_only)
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          _ ("Leave both out to copy everything."),
                          "--schema-only and --data-only exclude each other");
      return FALSE;
    }
  if (arguments->resume && arguments->drop_existing)
    {
      pgm_error_set_full (
          error, PGM_ERROR_USAGE, NULL, NULL,
          _ ("--resume keeps what was copied, --drop-existing throws it away: give one of them."),
          "--resume and --drop-existing exclude each other");
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_follow (CloneArguments *arguments, PgmJobSpec *spec, GError **error)
{
  if (!arguments->follow && pgm_follow_arguments_given (&arguments->follow_options))
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, _ ("Add --follow, or leave it out."),
                          "an option of following was given without --follow");
      return FALSE;
    }
  if (!arguments->follow)
    return TRUE;
  if (arguments->schema_only)
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          _ ("Without rows there is nothing to follow."),
                          "--schema-only and --follow exclude each other");
      return FALSE;
    }
  spec->follow = pgm_follow_arguments_take (&arguments->follow_options, error);
  return spec->follow != NULL;
}

static PgmJobSpec *
make_spec (CloneArguments *arguments, GError **error)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);
  PgmCloneOptions *options = pgm_record_new (&pgm_clone_options_type);

  spec->kind = PGM_JOB_CLONE;
  spec->clone = options;
  options->include = g_steal_pointer (&arguments->include);
  options->exclude = g_steal_pointer (&arguments->exclude);
  options->schema_only = arguments->schema_only;
  options->data_only = arguments->data_only;
  options->no_owner = arguments->no_owner;
  options->no_acl = arguments->no_acl;
  options->drop_existing = arguments->drop_existing;
  options->resume = arguments->resume;
  options->dry_run = arguments->dry_run;

  if (read_numbers (arguments, options, error) && read_follow (arguments, spec, error) &&
      (spec->source = pgm_endpoint_options_take (&arguments->source, "source", error)) != NULL &&
      (spec->destination = pgm_endpoint_options_take (&arguments->destination, "dest", error)) !=
          NULL)
    return spec;

  pgm_record_unref (spec);
  return NULL;
}

int
pgm_command_clone (PgmCli *cli, int argc, char **argv)
{
  g_auto (CloneArguments) arguments = { 0 };
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
  if (!pgm_command_parse_output (arguments.output, &output, &error))
    return pgm_command_fail (error);
  if ((spec = make_spec (&arguments, &error)) == NULL)
    return pgm_command_fail (error);

  status = pgm_job_runner_main (cli, spec, &arguments.run, output);
  pgm_record_unref (spec);
  return status;
}
