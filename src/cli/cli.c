#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/endpoint-options.h"
#include "core/i18n.h"

static const PgmCommand commands[] = {
  { "clone", N_ ("Copy a database whole into another server"), pgm_command_clone },
  { "compare", N_ ("Prove that two databases are equal, or show where they differ"),
    pgm_command_compare },
  { "demo", N_ ("Try it: two throw-away clusters, a clone, a comparison"), pgm_command_demo },
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
  g_print ("\n%s\n", _ ("Exit status:"));
  g_print ("  0 %s\n  1 %s\n  2 %s\n  3 %s\n  4 %s\n  5 %s\n  6 %s\n  130 %s\n",
           _ ("done, or equal"), _ ("different"), _ ("wrong usage"),
           _ ("something named does not exist"), _ ("cannot connect"),
           _ ("refused by a check; nothing was changed"), _ ("failed"), _ ("interrupted"));
  g_print (
      "\n%s\n",
      _ ("Connections take URIs, \"key=value\" strings, service files, PG* variables and ~/.pgpass."));
}

static void
print_version (const PgmCliHost *host)
{
  g_autofree char *libraries = host->describe_libraries ();

  g_print ("pgmanager %s\n%s\n", PGM_VERSION, libraries);
}

int
pgm_command_fail (const GError *error)
{
  g_autofree char *text = NULL;
  g_autofree char *shown = NULL;

  if (pgm_error_is_cancelled (error))
    {
      g_printerr ("pgmanager: %s\n", _ ("interrupted"));
      return PGM_EXIT_INTERRUPTED;
    }
  text = pgm_error_to_text (error);
  g_printerr ("pgmanager: %s\n", text);
  return (int) pgm_error_to_exit (error);
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
run_command (PgmCli *cli, int argc, char **argv)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (strcmp (argv[1], commands[i].name) == 0)
        {
          /* GOption takes entries out of the array that it parses. */
          g_autofree char **own = g_memdup2 (argv + 1, sizeof (char *) * (gsize) argc);

          return commands[i].run (cli, argc - 1, own);
        }
    }
  g_printerr ("pgmanager: %s: %s\n", _ ("unknown command"), argv[1]);
  g_printerr ("  %s\n", _ ("Hint: pgmanager --help lists the commands."));
  return PGM_EXIT_USAGE;
}

int
pgm_cli_main (int argc, char **argv, const PgmCliHost *host)
{
  char **taken = pgm_arguments_take (argc, argv);
  PgmCli cli = { .host = host, .program = taken[0] };
  int status = PGM_EXIT_OK;

  if (argc < 2 && has_display ())
    status = open_desktop (taken[0]);
  else if (argc < 2 || strcmp (taken[1], "--help") == 0 || strcmp (taken[1], "-h") == 0 ||
           strcmp (taken[1], "help") == 0)
    print_help ();
  else if (strcmp (taken[1], "--version") == 0 || strcmp (taken[1], "version") == 0)
    print_version (host);
  else
    status = run_command (&cli, argc, taken);

  pgm_arguments_free (taken);
  return status;
}
