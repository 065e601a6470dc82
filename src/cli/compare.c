#include "cli/command.h"
#include "cli/endpoint-options.h"
#include "cli/job-runner.h"
#include "core/i18n.h"
#include "core/units.h"

typedef struct
{
  PgmEndpointOptions source;
  PgmEndpointOptions destination;
  char *workers;
  char *max_rows;
  char *output;
  char **include;
  char **exclude;
  gboolean schema;
  gboolean data;
  gboolean no_owner;
  gboolean no_acl;
  PgmRunArguments run;
} CompareArguments;

static void
compare_arguments_clear (CompareArguments *self)
{
  pgm_server_choice_clear (&self->run.server);
  pgm_endpoint_options_clear (&self->source);
  pgm_endpoint_options_clear (&self->destination);
  g_free (self->workers);
  g_free (self->max_rows);
  g_free (self->output);
  g_strfreev (self->include);
  g_strfreev (self->exclude);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CompareArguments, compare_arguments_clear)

static GOptionContext *
make_context (CompareArguments *arguments)
{
  const GOptionEntry entries[] = {
    { "schema", 0, 0, G_OPTION_ARG_NONE, &arguments->schema,
      N_ ("Compare the catalogs, object by object"), NULL },
    { "data", 0, 0, G_OPTION_ARG_NONE, &arguments->data, N_ ("Compare the rows, by digest"), NULL },
    { "workers", 0, 0, G_OPTION_ARG_FILENAME, &arguments->workers, N_ ("Tables digested at once"),
      "N" },
    { "max-rows", 0, 0, G_OPTION_ARG_FILENAME, &arguments->max_rows,
      N_ ("Row differences shown of a table (20)"), "N" },
    { "include", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->include,
      N_ ("Only this: \"schema\" or \"schema.table\", with * and ?; may be repeated"), "PATTERN" },
    { "exclude", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->exclude,
      N_ ("All but this; may be repeated"), "PATTERN" },
    { "no-owner", 0, 0, G_OPTION_ARG_NONE, &arguments->no_owner, N_ ("Owners may differ"), NULL },
    { "no-acl", 0, 0, G_OPTION_ARG_NONE, &arguments->no_acl, N_ ("GRANTs may differ"), NULL },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &arguments->output, N_ ("Form of the result"),
      "table|json" },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context,
      _ ("Compares two databases under one snapshot a side: every catalog object with its\n"
         "DDL, and every table by a digest of its rows; a table that differs is searched\n"
         "down to the rows. Without --schema or --data both are compared."));
  g_option_context_set_description (context,
                                    _ ("Ends with status 0 when equal and 1 when different.\n"));
  g_option_context_set_translation_domain (context, PGM_GETTEXT_DOMAIN);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  pgm_run_arguments_add (context, &arguments->run);
  pgm_server_choice_add (context, &arguments->run.server);
  pgm_endpoint_options_add (context, &arguments->source, "source");
  pgm_endpoint_options_add (context, &arguments->destination, "dest");
  return context;
}

static PgmJobSpec *
make_spec (CompareArguments *arguments, GError **error)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);
  PgmCompareOptions *options = pgm_record_new (&pgm_compare_options_type);

  spec->kind = PGM_JOB_COMPARE;
  spec->compare = options;
  options->schema = arguments->schema;
  options->data = arguments->data;
  options->include = g_steal_pointer (&arguments->include);
  options->exclude = g_steal_pointer (&arguments->exclude);
  options->no_owner = arguments->no_owner;
  options->no_acl = arguments->no_acl;

  if ((arguments->workers == NULL ||
       pgm_parse_int (arguments->workers, "--workers", 1, 128, &options->workers, error)) &&
      (arguments->max_rows == NULL ||
       pgm_parse_int (arguments->max_rows, "--max-rows", 1, 100000, &options->max_rows, error)) &&
      (spec->source = pgm_endpoint_options_take (&arguments->source, "source", error)) != NULL &&
      (spec->destination = pgm_endpoint_options_take (&arguments->destination, "dest", error)) !=
          NULL)
    return spec;

  pgm_record_unref (spec);
  return NULL;
}

int
pgm_command_compare (PgmCli *cli, int argc, char **argv)
{
  g_auto (CompareArguments) arguments = { 0 };
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
