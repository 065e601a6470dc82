/* cluster discover, privileges, introspect. */
#include <string.h>

#include "cli/cluster.h"
#include "cli/node-spec.h"
#include "cli/grid.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"
#include "model/report.h"

#define TABLES_SHOWN 30

static void
print_notes (const GPtrArray *notes)
{
  for (guint i = 0; i < notes->len; i++)
    {
      const PgmCheck *note = g_ptr_array_index (notes, i);
      g_autofree char *reason = pgm_display_text (note->reason);
      g_autofree char *fix = pgm_display_text (note->fix_sql);

      g_print ("\n%s\n", reason);
      if (fix != NULL)
        g_print ("  %s\n", fix);
    }
}

static void
add_sibling (PgmGrid *table, const PgmSibling *sibling)
{
  g_autofree char *address =
      sibling->host == NULL ? NULL
      : sibling->port > 0   ? g_strdup_printf ("%s:%" G_GINT64_FORMAT, sibling->host, sibling->port)
                            : g_strdup (sibling->host);

  pgm_grid_add (table, sibling->name);
  pgm_grid_add (table, sibling->logical ? _ ("logical") : pgm_node_role_names[sibling->role]);
  pgm_grid_add (table, address);
  pgm_grid_add (table, sibling->state);
  pgm_grid_add (table, sibling->found_in);
  pgm_grid_add (table, sibling->reachable ? _ ("reachable") : sibling->error);
}

static void
print_discovery (const PgmDiscovery *discovery)
{
  const char *const headings[] = { _ ("NAME"),     _ ("ROLE"),      _ ("ADDRESS"), _ ("STATE"),
                                   _ ("FOUND IN"), _ ("FROM HERE"), NULL };
  g_autoptr (PgmGrid) table = pgm_grid_new (headings);
  g_autofree char *name = pgm_display_text (discovery->cluster_name);

  g_print ("%-10s%s\n", _ ("System"), discovery->system_identifier);
  g_print ("%-10s%s\n", _ ("Version"), discovery->version);
  if (*name != '\0')
    g_print ("%-10s%s\n", _ ("Name"), name);
  g_print ("\n");
  for (guint i = 0; i < discovery->siblings->len; i++)
    add_sibling (table, g_ptr_array_index (discovery->siblings, i));
  pgm_grid_print (table);
  print_notes (discovery->notes);
}

int
pgm_cluster_discover_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  g_autoptr (GError) error = NULL;
  PgmDiscoverQuery *query;
  PgmDiscovery *discovery;
  int status;

  if (!pgm_cluster_call_parse (&call, cli, argc, argv, "URI",
                               _ ("Asks one server who replicates from it and from where it"
                                  " receives, and looks at each\nof them with the same role."),
                               NULL, 1, 1, &status))
    return status;
  query = pgm_record_new (&pgm_discover_query_type);
  query->uri = pgm_secret_new (call.names[0]);
  pgm_secret_wipe (call.names[0], strlen (call.names[0]));
  discovery = pgm_cluster_call_ask (&call, PGM_ASK_DISCOVER, NULL, query, &error);
  if (discovery == NULL)
    return pgm_command_fail (error);
  if (call.output == PGM_OUTPUT_JSON)
    pgm_cluster_print_json ("discovery", discovery);
  else
    print_discovery (discovery);
  pgm_record_unref (discovery);
  return PGM_EXIT_OK;
}

typedef struct
{
  char *purpose;
  char *dbname;
  char *role;
  gboolean script;
} PrivilegesArguments;

static void
privileges_arguments_clear (PrivilegesArguments *self)
{
  g_free (self->purpose);
  g_free (self->dbname);
  g_free (self->role);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PrivilegesArguments, privileges_arguments_clear)

static void
add_privilege (PgmGrid *table, const PgmPrivilege *privilege)
{
  pgm_grid_add (table, privilege->purpose);
  pgm_grid_add (table, privilege->name);
  pgm_grid_add (table, privilege->granted    ? _ ("yes")
                       : privilege->required ? _ ("MISSING")
                                             : _ ("no, optional"));
  pgm_grid_add (table, privilege->granted ? NULL : privilege->disables);
}

static void
print_missing (const PgmPrivilegeMatrix *matrix)
{
  gboolean first = TRUE;

  for (guint i = 0; i < matrix->privileges->len; i++)
    {
      const PgmPrivilege *privilege = g_ptr_array_index (matrix->privileges, i);
      g_autofree char *grant = pgm_display_text (privilege->grant_sql);

      if (privilege->granted || !privilege->required || grant == NULL)
        continue;
      if (first)
        g_print ("\n%s\n", _ ("What is missing is granted by"));
      g_print ("  %s\n", grant);
      first = FALSE;
    }
}

static void
print_matrix (const PgmPrivilegeMatrix *matrix)
{
  const char *const headings[] = { _ ("PURPOSE"), _ ("PRIVILEGE"), _ ("GRANTED"),
                                   _ ("WITHOUT IT THERE IS NO"), NULL };
  g_autoptr (PgmGrid) table = pgm_grid_new (headings);
  g_autofree char *role = pgm_display_text (matrix->role);
  g_autofree char *database = pgm_display_text (matrix->database);

  g_print (_ ("Role %s on PostgreSQL %s, database %s"), role, matrix->version, database);
  g_print ("%s\n\n", matrix->superuser ? _ (" (a superuser)") : "");
  for (guint i = 0; i < matrix->privileges->len; i++)
    add_privilege (table, g_ptr_array_index (matrix->privileges, i));
  pgm_grid_print (table);
  print_missing (matrix);
  g_print ("\n%s\n", _ ("--script prints a script that makes a role with exactly this."));
}

int
pgm_cluster_privileges_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  g_auto (PrivilegesArguments) arguments = { 0 };
  const GOptionEntry entries[] = {
    { "purpose", 0, 0, G_OPTION_ARG_FILENAME, &arguments.purpose,
      N_ ("migrate-from, migrate-to, monitor, back-up, administer; several with commas (all)"),
      "PURPOSE" },
    { "dbname", 0, 0, G_OPTION_ARG_FILENAME, &arguments.dbname, N_ ("Database that it is about"),
      "NAME" },
    { "role", 0, 0, G_OPTION_ARG_FILENAME, &arguments.role,
      N_ ("Role that it is about, also one to be made (our own)"), "ROLE" },
    { "script", 0, 0, G_OPTION_ARG_NONE, &arguments.script,
      N_ ("Print the script of such a role, and only that"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autofree char *id = NULL;
  g_autoptr (GError) error = NULL;
  PgmPrivilegesQuery *query;
  PgmPrivilegeMatrix *matrix;
  int status;

  if (!pgm_cluster_call_parse (
          &call, cli, argc, argv, "CLUSTER[/NODE]",
          _ ("Shows what a role needs for each purpose on the server's version, what of it is"
             " granted,\nand what can't be done without."),
          entries, 1, 1, &status))
    return status;
  query = pgm_record_new (&pgm_privileges_query_type);
  pgm_node_spec_split (call.names[0], &id, &query->node);
  query->purpose = g_strdup (arguments.purpose);
  query->database = g_strdup (arguments.dbname);
  query->role = g_strdup (arguments.role);
  matrix = pgm_cluster_call_ask (&call, PGM_ASK_READ_PRIVILEGES, id, query, &error);
  if (matrix == NULL)
    return pgm_command_fail (error);
  if (arguments.script)
    g_print ("%s", matrix->script); /* for psql, so as it is */
  else if (call.output == PGM_OUTPUT_JSON)
    pgm_cluster_print_json ("privileges", matrix);
  else
    print_matrix (matrix);
  pgm_record_unref (matrix);
  return PGM_EXIT_OK;
}

static const PgmDatabaseSize *
print_databases (const PgmIntrospection *seen)
{
  const char *const headings[] = { _ ("DATABASE"), _ ("OWNER"), _ ("SIZE"), NULL };
  g_autoptr (PgmGrid) table = pgm_grid_new (headings);
  const PgmDatabaseSize *listed = NULL;

  for (guint i = 0; i < seen->databases->len; i++)
    {
      const PgmDatabaseSize *database = g_ptr_array_index (seen->databases, i);

      pgm_grid_add (table, database->name);
      pgm_grid_add (table, database->owner);
      pgm_grid_take_right (table, g_strdup (database->size));
      if (database->schemas->len > 0)
        listed = database;
    }
  pgm_grid_print (table);
  return listed;
}

static gint
compare_sizes (gconstpointer a, gconstpointer b)
{
  const PgmTableSize *first = *(PgmTableSize *const *) a;
  const PgmTableSize *second = *(PgmTableSize *const *) b;

  return first->total_bytes > second->total_bytes   ? -1
         : first->total_bytes < second->total_bytes ? 1
                                                    : 0;
}

static void
print_tables (const PgmDatabaseSize *database)
{
  const char *const headings[] = { _ ("SCHEMA"),  _ ("TABLE"), _ ("ROWS"), _ ("DATA"),
                                   _ ("INDEXES"), _ ("TOTAL"), NULL };
  g_autoptr (PgmGrid) table = pgm_grid_new (headings);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  for (guint i = 0; i < database->schemas->len; i++)
    {
      const PgmSchemaSize *schema = g_ptr_array_index (database->schemas, i);

      for (guint j = 0; j < schema->tables->len; j++)
        g_ptr_array_add (all, g_ptr_array_index (schema->tables, j));
    }
  g_ptr_array_sort (all, compare_sizes);
  for (guint i = 0; i < all->len && i < TABLES_SHOWN; i++)
    {
      const PgmTableSize *size = g_ptr_array_index (all, i);

      pgm_grid_add (table, size->schema);
      pgm_grid_add (table, size->name);
      pgm_grid_take_right (table, size->row_count >= 0
                                      ? pgm_format_count ((guint64) size->row_count)
                                      : g_strdup ("?"));
      pgm_grid_take_right (table, g_strdup (size->data_size));
      pgm_grid_take_right (table, g_strdup (size->index_size));
      pgm_grid_take_right (table, g_strdup (size->total_size));
    }
  g_print ("\n");
  pgm_grid_print (table);
  if (all->len > TABLES_SHOWN)
    {
      g_print (_ ("… and %u smaller ones; --output=json has them all."), all->len - TABLES_SHOWN);
      g_print ("\n");
    }
}

static void
print_parameters (const PgmIntrospection *seen)
{
  const char *const headings[] = { _ ("SETTING"), _ ("VALUE"), _ ("UNIT"), _ ("SOURCE"), NULL };
  g_autoptr (PgmGrid) table = pgm_grid_new (headings);

  for (guint i = 0; i < seen->parameters->len; i++)
    {
      const PgmParameter *parameter = g_ptr_array_index (seen->parameters, i);

      pgm_grid_add (table, parameter->name);
      pgm_grid_add (table, parameter->setting);
      pgm_grid_add (table, parameter->unit);
      pgm_grid_add (table, parameter->source);
    }
  g_print ("\n");
  pgm_grid_print (table);
}

static void
print_introspection (const PgmIntrospection *seen)
{
  const PgmDatabaseSize *listed;

  g_print (_ ("PostgreSQL %s, %s, up for %s, %s"), seen->version,
           pgm_node_role_names[seen->is_replica ? PGM_NODE_REPLICA : PGM_NODE_PRIMARY],
           seen->uptime, seen->cluster_size);
  g_print ("\n\n");
  listed = print_databases (seen);
  if (listed != NULL)
    print_tables (listed);
  print_parameters (seen);
}

int
pgm_cluster_introspect_main (PgmCli *cli, int argc, char **argv)
{
  g_auto (PgmClusterCall) call = { 0 };
  g_autofree char *dbname = NULL;
  const GOptionEntry entries[] = {
    { "dbname", 0, 0, G_OPTION_ARG_FILENAME, &dbname, N_ ("Database whose tables are listed"),
      "NAME" },
    G_OPTION_ENTRY_NULL,
  };
  g_autofree char *id = NULL;
  g_autoptr (GError) error = NULL;
  PgmIntrospectionQuery *query;
  PgmIntrospection *seen;
  int status;

  if (!pgm_cluster_call_parse (&call, cli, argc, argv, "CLUSTER[/NODE]",
                               _ ("Shows databases, the tables of one of them, and the settings"
                                  " that matter for\nreplication and for moving data."),
                               entries, 1, 1, &status))
    return status;
  query = pgm_record_new (&pgm_introspection_query_type);
  pgm_node_spec_split (call.names[0], &id, &query->node);
  query->database = g_strdup (dbname);
  seen = pgm_cluster_call_ask (&call, PGM_ASK_INTROSPECT, id, query, &error);
  if (seen == NULL)
    return pgm_command_fail (error);
  if (call.output == PGM_OUTPUT_JSON)
    pgm_cluster_print_json ("introspection", seen);
  else
    print_introspection (seen);
  pgm_record_unref (seen);
  return PGM_EXIT_OK;
}
