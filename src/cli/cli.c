#include "cli/cli.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/endpoint-options.h"
#include "core/i18n.h"
#include "core/text.h"

static const PgmCommand commands[] = {
  { "clone", N_ ("Copy a database whole into another server"), pgm_command_clone },
  { "compare", N_ ("Prove that two databases are equal, or show where they differ"),
    pgm_command_compare },
  { "follow", N_ ("Apply every change of the source, from a copy that is there on"),
    pgm_command_follow },
  { "cleanup", N_ ("Remove slot, publication and all else of ours from both sides"),
    pgm_command_cleanup },
  { "status", N_ ("Show how the running jobs stand"), pgm_command_status },
  { "logs", N_ ("Show what a job has told, or tells"), pgm_command_logs },
  { "tui", N_ ("Look at all jobs in a dashboard, and steer them"), pgm_command_tui },
  { "stop", N_ ("Stop a running job"), pgm_command_stop },
  { "verify", N_ ("Prove that both sides of a job are equal, while the changes flow"),
    pgm_command_verify },
  { "switchover", N_ ("Move the writes to the destination, or back"), pgm_command_switchover },
  { "pause", N_ ("Stop applying changes for a while"), pgm_command_pause },
  { "resume", N_ ("Go on after a pause"), pgm_command_resume },
  { "cluster", N_ ("Register clusters, look at their servers, plan privileges"),
    pgm_command_cluster },
  { "daemon", N_ ("Run jobs in the background: start, stop, status"), pgm_command_daemon },
  { "demo", N_ ("Try it: a clone, a live cutover and the way back, on throw-away clusters"),
    pgm_command_demo },
};

static void
print_help (void)
{
  g_print ("%s\n\n", _ ("pgmanager: migrate, compare and manage PostgreSQL clusters"));
  g_print ("%s\n  pgmanager %s\n\n", _ ("Usage:"), _ ("COMMAND [OPTION…]"));
  g_print ("%s\n", _ ("Commands:"));
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %-10s %s\n", commands[i].name, _ (commands[i].summary));
  g_print ("\n%s\n", _ ("Options:"));
  g_print ("  %-10s %s\n", "--help",
           _ ("Show this; `pgmanager COMMAND --help` explains a command"));
  g_print ("  %-10s %s\n", "--version", _ ("Show the versions of pgmanager and its libraries"));
  g_print ("  %-10s %s\n", "--server", _ ("Be the daemon, in the foreground"));
  g_print ("  %-10s %s\n", "--check-config", _ ("Tell whether the configuration can be used"));
  g_print ("\n%s\n", _ ("Exit status:"));
  g_print ("  0 %s\n  1 %s\n  2 %s\n  3 %s\n  4 %s\n  5 %s\n  6 %s\n  130 %s\n",
           _ ("done, or equal"), _ ("different"), _ ("wrong usage"),
           _ ("something named does not exist"), _ ("cannot connect"),
           _ ("refused by a check; nothing was changed"), _ ("failed"), _ ("interrupted"));
  g_print (
      "\n%s\n",
      _ ("Connections take URIs, \"key=value\" strings, service files, PG* variables and ~/.pgpass."));
}

/* `--server …` is `daemon start --foreground …`, as service managers like it. */
static int
run_server (PgmCli *cli, int argc, char **argv)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();

  g_ptr_array_add (arguments, (gpointer) "daemon");
  g_ptr_array_add (arguments, (gpointer) "start");
  g_ptr_array_add (arguments, (gpointer) "--foreground");
  for (int i = g_str_equal (argv[1], "--server") ? 2 : 1; i < argc; i++)
    g_ptr_array_add (arguments, argv[i]);
  g_ptr_array_add (arguments, NULL);
  return pgm_command_daemon (cli, (int) arguments->len - 1, (char **) arguments->pdata);
}

static void
print_version (const PgmCliHost *host)
{
  g_autofree char *libraries = host->describe_libraries ();

  g_print ("pgmanager %s\n%s\n", PGM_VERSION, libraries);
}

void
pgm_command_print_error (const char *indent, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *shown = pgm_display_text (lines[i]);

      g_printerr ("%s%s\n", i > 0 ? indent : "", shown);
    }
}

int
pgm_command_fail (const GError *error)
{
  g_autofree char *text = NULL;

  if (pgm_error_is_cancelled (error))
    {
      g_printerr ("pgmanager: %s\n", _ ("interrupted"));
      return PGM_EXIT_INTERRUPTED;
    }
  text = pgm_error_to_text (error);
  g_printerr ("pgmanager: ");
  pgm_command_print_error ("", text);
  return (int) pgm_error_to_exit (error);
}

/* Options are taken as bytes (FILENAME to GOption), for under LC_ALL=C, as in a
 * cron job, it would refuse every name that is not ASCII. Names are UTF-8. */
static gboolean
check_encoding (char **argv, GError **error)
{
  for (guint i = 0; argv[i] != NULL; i++)
    if (!g_utf8_validate (argv[i], -1, NULL))
      {
        pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                            _ ("Write names in UTF-8, and in a URI percent-encoded."),
                            "argument %u of %s is not UTF-8", i, argv[0]);
        return FALSE;
      }
  return TRUE;
}

gboolean
pgm_command_parse (GOptionContext *context, int *argc, char ***argv, gboolean *help, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gboolean asked = FALSE;
  const GOptionEntry entries[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &asked, N_ ("Show this help"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  *help = FALSE;
  if (!check_encoding (*argv, error))
    return FALSE;
  if (!g_option_context_parse (context, argc, argv, &local_error))
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, _ ("See the command's --help."), "%s",
                          local_error->message);
      return FALSE;
    }
  if (asked)
    {
      g_autofree char *text = g_option_context_get_help (context, FALSE, NULL);

      g_print ("%s", text);
      *help = TRUE;
      return TRUE;
    }
  if (*argc > 1)
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, _ ("See the command's --help."),
                          "unexpected argument: %s", (*argv)[1]);
      return FALSE;
    }
  return TRUE;
}

void
pgm_command_print_answer (const char *job_id, const char *what, PgmOutput output)
{
  PgmAnswer *answer = pgm_record_new (&pgm_answer_type);
  g_autofree char *json = NULL;

  answer->ok = TRUE;
  answer->message = g_strdup_printf (_ ("Job %s: %s"), job_id, what);
  answer->job_id = g_strdup (job_id);
  json = pgm_record_to_json (answer, FALSE);
  if (output == PGM_OUTPUT_JSON)
    g_print ("{\"answer\":%s}\n", json);
  else
    g_print ("%s\n", answer->message);
  pgm_record_unref (answer);
}

gboolean
pgm_command_parse_output (const char *text, PgmOutput *output, GError **error)
{
  *output = PGM_OUTPUT_TABLE;
  if (text == NULL || strcmp (text, "table") == 0)
    return TRUE;
  if (strcmp (text, "json") == 0)
    {
      *output = PGM_OUTPUT_JSON;
      return TRUE;
    }
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                      _ ("Use --output=table or --output=json."), "unknown output format: %s",
                      text);
  return FALSE;
}

/* On a desktop the bare name opens the window. */
static int
open_desktop (const char *program)
{
  g_autofree char *directory = g_path_get_dirname (program);
  g_autofree char *sibling = g_build_filename (directory, "pgmanager-gtk", NULL);
  char *argv[] = { sibling, NULL };

  if (strchr (program, '/') != NULL)
    execv (sibling, argv);
  argv[0] = (char[]){ "pgmanager-gtk" };
  execvp (argv[0], argv);
  print_help ();
  return PGM_EXIT_OK;
}

static gboolean
has_display (void)
{
  return g_getenv ("WAYLAND_DISPLAY") != NULL || g_getenv ("DISPLAY") != NULL;
}

static int
fail_unknown (const char *name)
{
  g_printerr ("pgmanager: %s: ", name[0] == '-' ? _ ("unknown option") : _ ("unknown command"));
  pgm_command_print_error ("", name);
  g_printerr ("  %s\n", _ ("Hint: pgmanager --help lists the commands."));
  return PGM_EXIT_USAGE;
}

static int
run_command (PgmCli *cli, int argc, char **argv)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (strcmp (argv[1], commands[i].name) == 0)
        {
          /* GOption takes entries out of the array that it parses. */
          g_autofree char **own = g_memdup2 (argv + 1, sizeof (char *) * (gsize) argc);
          g_autofree char *name = g_strdup_printf ("pgmanager %s", argv[1]);

          g_set_prgname (name); /* as the command's help shows it */
          return commands[i].run (cli, argc - 1, own);
        }
    }
  return fail_unknown (argv[1]);
}

/* `help clone` is what people try: it means `clone --help`. */
static int
run_help (PgmCli *cli, int argc, char **argv)
{
  char *asked[] = { argv[0], argc > 2 ? argv[2] : NULL, (char[]){ "--help" }, NULL };

  if (argc > 2)
    return run_command (cli, 3, asked);
  print_help ();
  return PGM_EXIT_OK;
}

/* A shell may start us with a standard stream closed. The next file opened, a
 * server's socket perhaps, would get its number, and what we print would go
 * there. */
static void
fill_standard_streams (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO)
    close (fd);
}

/* What was lost on its way out must not look like success. A reader that went
 * away (`| head`) has what it wanted. */
static int
flush_output (int status)
{
  struct pollfd reader = { .fd = STDOUT_FILENO };

  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  if (status != PGM_EXIT_OK || (poll (&reader, 1, 0) > 0 && (reader.revents & POLLERR) != 0))
    return status;
  g_printerr ("pgmanager: %s\n", _ ("can't write to the standard output"));
  g_printerr ("  %s\n", _ ("Hint: Look whether the disk is full where it goes."));
  return PGM_EXIT_FAILED;
}

static int
run (PgmCli *cli, int argc, char **argv)
{
  if (argc < 2)
    print_help ();
  else if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 ||
           strcmp (argv[1], "help") == 0)
    return run_help (cli, argc, argv);
  else if (strcmp (argv[1], "--version") == 0 || strcmp (argv[1], "version") == 0)
    print_version (cli->host);
  else if (strcmp (argv[1], "--server") == 0 || strcmp (argv[1], "--check-config") == 0)
    return run_server (cli, argc, argv);
  else
    return run_command (cli, argc, argv);
  return PGM_EXIT_OK;
}

int
pgm_cli_main (int argc, char **argv, const PgmCliHost *host)
{
  char **taken = pgm_arguments_take (argc, argv);
  PgmCli cli = { .host = host, .program = taken[0] };
  int status;

  fill_standard_streams ();
  if (argc < 2 && has_display ())
    status = open_desktop (taken[0]);
  else
    {
      /* Whoever reads our output may leave; what runs on the servers goes on, and
       * what is ours there is taken down in order. */
      signal (SIGPIPE, SIG_IGN);
      status = flush_output (run (&cli, argc, taken));
    }
  pgm_arguments_free (taken);
  return status;
}
