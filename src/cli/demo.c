#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/demo-script.h"
#include "cli/job-runner.h"
#include "cli/report-print.h"
#include "core/i18n.h"
#include "core/units.h"

#define CUSTOMERS 3

typedef struct
{
  char *orders;
  gboolean keep;
  gboolean gui;
} DemoArguments;

static void
demo_arguments_clear (DemoArguments *self)
{
  g_free (self->orders);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DemoArguments, demo_arguments_clear)

static GOptionContext *
make_context (DemoArguments *arguments)
{
  const GOptionEntry entries[] = {
    { "orders", 0, 0, G_OPTION_ARG_FILENAME, &arguments->orders,
      N_ ("Size of the sample: orders in the shop"), "N" },
    { "keep", 0, 0, G_OPTION_ARG_NONE, &arguments->keep,
      N_ ("Leave both clusters running and show their URIs"), NULL },
    { "gui", 0, 0, G_OPTION_ARG_NONE, &arguments->gui, N_ ("Show the run in the desktop window"),
      NULL },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context,
      _ ("Makes two throw-away clusters from the PostgreSQL installed here, fills one with a\n"
         "sample shop and lets customers place orders all the while. The shop is cloned into\n"
         "the other cluster and followed, writes are moved there and back again, both are\n"
         "compared, and everything is removed.\n"
         "Existing clusters and ports are not touched."));
  g_option_context_set_translation_domain (context, PGM_GETTEXT_DOMAIN);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  return context;
}

/* The window is a program of its own, so that this one needs no display. */
static int
open_window (PgmCli *cli)
{
  g_autofree char *directory = g_path_get_dirname (cli->program);
  g_autofree char *beside = g_build_filename (directory, "pgmanager-gtk", NULL);
  char demo[] = "--demo", name[] = "pgmanager-gtk";
  char *argv[] = { name, demo, NULL };

  if (strchr (cli->program, '/') != NULL)
    execv (beside, argv);
  execvp (name, argv);
  g_printerr ("pgmanager: %s\n  %s\n", _ ("the desktop application pgmanager-gtk is not installed"),
              _ ("Hint: build it with GTK 4 and libadwaita, or leave --gui out."));
  return PGM_EXIT_NOT_FOUND;
}

static PgmJobSpec *
make_spec (const PgmSample *sample, PgmJobKind kind)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = kind;
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->source->uri = g_strdup (sample->source_uri);
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->destination->uri = g_strdup (sample->destination_uri);
  if (kind == PGM_JOB_CLONE)
    {
      spec->clone = pgm_record_new (&pgm_clone_options_type);
      spec->follow = pgm_record_new (&pgm_follow_options_type);
    }
  else
    spec->compare = pgm_record_new (&pgm_compare_options_type);
  return spec;
}

/* Runs one job and prints its report; its exit status. */
static int
run_job (PgmJobRunner *runner, const PgmSample *sample, PgmJobKind kind)
{
  g_autoptr (GError) error = NULL;
  PgmJobSpec *spec = make_spec (sample, kind);
  PgmReport *report = pgm_job_runner_run (runner, spec, &error);
  int status;

  if (report != NULL)
    {
      pgm_report_print (report, spec, PGM_OUTPUT_TABLE);
      status = (int) report->exit_status;
      pgm_record_unref (report);
    }
  else
    status = pgm_command_fail (error);
  pgm_record_unref (spec);
  return status;
}

/* The clone, followed by everything that the script does. */
static int
run_live (PgmJobRunner *runner, const PgmSample *sample)
{
  g_autoptr (PgmDemoScript) script = pgm_demo_script_new (runner, sample);
  int status = run_job (runner, sample, PGM_JOB_CLONE);

  if (status == PGM_EXIT_OK && !pgm_demo_script_print (script))
    status = PGM_EXIT_FAILED;
  return status;
}

static int
run_jobs (PgmJobRunner *runner, const PgmSample *sample)
{
  g_autoptr (GError) error = NULL;
  PgmSampleActivity *activity;
  int status;

  g_print ("\n%s\n", _ ("Cloning and following the sample shop while customers order"));
  activity = pgm_job_runner_write_sample (runner, sample->id, CUSTOMERS, &error);
  if (activity == NULL)
    return pgm_command_fail (error);
  pgm_record_unref (activity);
  status = run_live (runner, sample);
  if (status != PGM_EXIT_OK)
    return status;
  g_print ("\n%s\n", _ ("Comparing both databases, object by object and row by row"));
  return run_job (runner, sample, PGM_JOB_COMPARE);
}

static int
run_demo (PgmJobRunner *runner, const DemoArguments *arguments, PgmSampleSpec *spec)
{
  g_autoptr (GError) error = NULL;
  PgmSample *sample;
  int status;

  g_print ("%s\n", _ ("Making two throw-away clusters with a sample shop…"));
  sample = pgm_job_runner_start_sample (runner, spec, &error);
  if (sample == NULL)
    return pgm_command_fail (error);
  g_print ("  %-14s%s  (PostgreSQL %s)\n", _ ("source"), sample->source_uri,
           sample->source_version);
  g_print ("  %-14s%s  (PostgreSQL %s)\n", _ ("destination"), sample->destination_uri,
           sample->destination_version);

  status = run_jobs (runner, sample);
  if (arguments->keep && !pgm_job_runner_is_interrupted (runner))
    {
      g_print ("\n%s\n  %s\n  %s\n", _ ("Both clusters go on running:"), sample->source_uri,
               sample->destination_uri);
      g_print (_ ("To remove them: %s"), "");
      g_print ("sh %s/remove.sh\n", sample->directory);
    }
  else if (!pgm_job_runner_stop_sample (runner, sample->id, &error))
    status = pgm_command_fail (error);
  else
    g_print ("\n%s\n", _ ("Both clusters were removed again."));
  pgm_record_unref (sample);
  return status;
}

int
pgm_command_demo (PgmCli *cli, int argc, char **argv)
{
  g_auto (DemoArguments) arguments = { 0 };
  g_autoptr (GOptionContext) context = make_context (&arguments);
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmEngine) engine = NULL;
  g_autoptr (PgmJobRunner) runner = NULL;
  PgmSampleSpec *spec;
  gboolean help;
  int status;

  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  if (arguments.gui)
    return open_window (cli);
  spec = pgm_record_new (&pgm_sample_spec_type);
  if ((arguments.orders == NULL ||
       pgm_parse_int (arguments.orders, "--orders", 1, 100000000, &spec->orders, &error)) &&
      (engine = cli->host->make_engine (&error)) != NULL)
    {
      runner = pgm_job_runner_new (cli, engine, PGM_OUTPUT_TABLE);
      status = run_demo (runner, &arguments, spec);
    }
  else
    status = pgm_command_fail (error);
  pgm_record_unref (spec);
  return status;
}
