/* cluster: the registered clusters, and what their servers tell. */
#include "cli/cluster.h"

#include <string.h>

#include "cli/job-finder.h"
#include "core/i18n.h"

static const struct
{
  const char *name;
  const char *usage;
  const char *summary;
  PgmClusterFunc run;
} parts[] = {
  { "add", "", N_ ("Register a cluster"), pgm_cluster_add_main },
  { "list", "", N_ ("List the registered clusters"), pgm_cluster_list_main },
  { "show", "CLUSTER", N_ ("Show one, and how its nodes are just now"), pgm_cluster_show_main },
  { "edit", "CLUSTER", N_ ("Change one"), pgm_cluster_edit_main },
  { "remove", "CLUSTER", N_ ("Forget one"), pgm_cluster_remove_main },
  { "test", "CLUSTER[/NODE]", N_ ("Try to connect"), pgm_cluster_test_main },
  { "discover", "URI", N_ ("Find the siblings of a server"), pgm_cluster_discover_main },
  { "privileges", "CLUSTER[/NODE]", N_ ("Show what a role may do, and the GRANTs for the rest"),
    pgm_cluster_privileges_main },
  { "introspect", "CLUSTER[/NODE]", N_ ("Show databases, tables, sizes and settings"),
    pgm_cluster_introspect_main },
  { "import", "FILE", N_ ("Register all clusters of a file"), pgm_cluster_import_main },
  { "export", "[CLUSTER...]", N_ ("Write them out, without passwords"), pgm_cluster_export_main },
};

void
pgm_cluster_call_clear (PgmClusterCall *self)
{
  pgm_server_choice_clear (&self->server);
  g_free (self->output_text);
  g_strfreev (self->names);
}

static gboolean
check_names (PgmClusterCall *self, guint least, guint most, GError **error)
{
  guint count = self->names != NULL ? g_strv_length (self->names) : 0;

  if (count >= least && count <= most)
    return TRUE;
  if (count < least)
    pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, _ ("See the command's --help."),
                        "an argument is missing");
  else
    pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, _ ("See the command's --help."),
                        "unexpected argument: %s", self->names[most]);
  return FALSE;
}

gboolean
pgm_cluster_call_parse (PgmClusterCall *self,
                        PgmCli *cli,
                        int argc,
                        char **argv,
                        const char *usage,
                        const char *summary,
                        const GOptionEntry *entries,
                        guint least,
                        guint most,
                        int *status)
{
  const GOptionEntry common[] = {
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &self->output_text, N_ ("Form of the result"),
      "table|json" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->names, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_autoptr (GError) error = NULL;
  gboolean help = FALSE;

  self->cli = cli;
  g_option_context_set_summary (context, summary);
  g_option_context_set_translation_domain (context, PGM_GETTEXT_DOMAIN);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  g_option_context_add_main_entries (context, common, PGM_GETTEXT_DOMAIN);
  pgm_server_choice_add (context, &self->server);
  *status = PGM_EXIT_OK;
  if (!pgm_command_parse (context, &argc, &argv, &help, &error) ||
      (!help && (!pgm_command_parse_output (self->output_text, &self->output, &error) ||
                 !check_names (self, least, most, &error))))
    *status = pgm_command_fail (error);
  return *status == PGM_EXIT_OK && !help;
}

gpointer
pgm_cluster_call_ask (PgmClusterCall *self,
                      PgmAsk ask,
                      const char *id,
                      gpointer request,
                      GError **error)
{
  g_autoptr (PgmFoundDaemon) daemon = NULL;
  g_autoptr (PgmEngine) engine = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  gpointer answer = NULL;

  if (pgm_daemon_choose (self->cli, &self->server, &daemon, error))
    engine = daemon != NULL ? g_object_ref (daemon->engine) : self->cli->host->make_engine (error);
  if (engine != NULL)
    {
      pgm_engine_ask_async (engine, ask, id, request, NULL, pgm_wait_callback, &result);
      answer = pgm_engine_ask_finish (engine, pgm_wait_for (&result), error);
    }
  pgm_record_unref (request);
  return answer;
}

void
pgm_cluster_print_json (const char *name, gconstpointer record)
{
  g_autofree char *json = pgm_record_to_json (record, FALSE);

  g_print ("{\"%s\":%s}\n", name, json);
}

void
pgm_cluster_print_json_many (const char *name, const GPtrArray *records)
{
  g_autofree char *json = pgm_records_to_json (records, FALSE);

  g_print ("{\"%s\":%s}\n", name, json);
}

static void
print_help (void)
{
  g_print ("%s\n  pgmanager cluster %s\n\n", _ ("Usage:"), _ ("PART [OPTION…]"));
  g_print ("%s\n\n", _ ("Clusters are registered once, with their nodes, and named from then on:\n"
                        "pgmanager clone --source prod --dest new/primary --source-dbname shop …"));
  g_print ("%s\n", _ ("Parts:"));
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *name = g_strdup_printf ("%s %s", parts[i].name, parts[i].usage);

      g_print ("  %-26s %s\n", name, _ (parts[i].summary));
    }
  g_print ("\n%s\n", _ ("`pgmanager cluster PART --help` explains a part."));
}

int
pgm_command_cluster (PgmCli *cli, int argc, char **argv)
{
  if (argc < 2 || strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0)
    {
      print_help ();
      return argc < 2 ? PGM_EXIT_USAGE : PGM_EXIT_OK;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (strcmp (argv[1], parts[i].name) == 0)
      {
        g_autofree char *name = g_strdup_printf ("pgmanager cluster %s", argv[1]);

        g_set_prgname (name); /* as the part's help shows it */
        return parts[i].run (cli, argc - 1, argv + 1);
      }
  g_printerr ("pgmanager: %s: ", _ ("there is no such part of cluster"));
  pgm_command_print_error ("", argv[1]);
  g_printerr ("  %s\n", _ ("Hint: pgmanager cluster --help lists them."));
  return PGM_EXIT_USAGE;
}
