/* What the parts of `pgmanager cluster` share. Private to the room. */
#pragma once

#include "cli/daemon-finder.h"

G_BEGIN_DECLS

typedef struct
{
  PgmCli *cli;
  PgmServerChoice server;
  char *output_text;
  PgmOutput output;
  char **names; /* what has no option's name */
} PgmClusterCall;

void pgm_cluster_call_clear (PgmClusterCall *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmClusterCall, pgm_cluster_call_clear)

/* A part of the command: @argv[0] is its name. */
typedef int (*PgmClusterFunc) (PgmCli *cli, int argc, char **argv);

int pgm_cluster_add_main (PgmCli *cli, int argc, char **argv);
int pgm_cluster_edit_main (PgmCli *cli, int argc, char **argv);
int pgm_cluster_remove_main (PgmCli *cli, int argc, char **argv);
int pgm_cluster_list_main (PgmCli *cli, int argc, char **argv);
int pgm_cluster_show_main (PgmCli *cli, int argc, char **argv);
int pgm_cluster_test_main (PgmCli *cli, int argc, char **argv);
int pgm_cluster_discover_main (PgmCli *cli, int argc, char **argv);
int pgm_cluster_privileges_main (PgmCli *cli, int argc, char **argv);
int pgm_cluster_introspect_main (PgmCli *cli, int argc, char **argv);
int pgm_cluster_import_main (PgmCli *cli, int argc, char **argv);
int pgm_cluster_export_main (PgmCli *cli, int argc, char **argv);

/* Parses; @least to @most names have to be left over, @usage shows them in the help. FALSE:
 * the command ends with *@status, after help or an error. */
gboolean pgm_cluster_call_parse (PgmClusterCall *self,
                                 PgmCli *cli,
                                 int argc,
                                 char **argv,
                                 const char *usage,
                                 const char *summary,
                                 const GOptionEntry *entries,
                                 guint least,
                                 guint most,
                                 int *status);

/* Asks the daemon, the server that was chosen, or an engine of this process. Takes
 * @request. The answer is transfer full. */
gpointer pgm_cluster_call_ask (PgmClusterCall *self,
                               PgmAsk ask,
                               const char *id,
                               gpointer request,
                               GError **error);

/* {"@name": record} on a line of its own. */
void pgm_cluster_print_json (const char *name, gconstpointer record);
void pgm_cluster_print_json_many (const char *name, const GPtrArray *records);

G_END_DECLS
