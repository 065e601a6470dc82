#include "cli/endpoint-options.h"

#include <string.h>

#include "cli/node-spec.h"
#include "core/dsn.h"
#include "core/i18n.h"

static void
add_entry (GOptionGroup *group,
           char *name,
           char **target,
           const char *description,
           const char *placeholder)
{
  GOptionEntry entries[] = {
    { name, 0, 0, G_OPTION_ARG_FILENAME, target, description, placeholder },
    G_OPTION_ENTRY_NULL,
  };

  /* The group keeps pointers to the strings, not copies. */
  g_option_group_add_entries (group, entries);
}

/* @part NULL: the prefix itself. */
static char *
option_name (GPtrArray *names, const char *prefix, const char *part)
{
  char *name = part != NULL ? g_strdup_printf ("%s-%s", prefix, part) : g_strdup (prefix);

  g_ptr_array_add (names, name);
  return name;
}

static void
free_names (gpointer names)
{
  g_ptr_array_unref (names);
}

void
pgm_endpoint_options_add (GOptionContext *context, PgmEndpointOptions *self, const char *prefix)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  gboolean source = strcmp (prefix, "source") == 0;
  GOptionGroup *group = g_option_group_new (
      prefix, source ? _ ("Source options:") : _ ("Destination options:"),
      source ? _ ("Show the options of the source") : _ ("Show the options of the destination"),
      names, free_names);

  add_entry (group, option_name (names, prefix, NULL), &self->cluster,
             source ? _ ("Registered cluster to read from; then --source-dbname names the database")
                    : _ ("Registered cluster to write to; then --dest-dbname names the database"),
             "CLUSTER[/NODE]");
  add_entry (group, option_name (names, prefix, "uri"), &self->uri,
             source ? _ ("Database to read: URI or \"key=value\" string")
                    : _ ("Database to write: URI or \"key=value\" string"),
             "URI");
  add_entry (group, option_name (names, prefix, "host"), &self->host,
             _ ("Host name or directory of the socket"), "HOST");
  add_entry (group, option_name (names, prefix, "port"), &self->port, _ ("Port"), "PORT");
  add_entry (group, option_name (names, prefix, "user"), &self->user, _ ("Role to log in as"),
             "ROLE");
  add_entry (group, option_name (names, prefix, "password"), &self->password,
             _ ("Password; better in ~/.pgpass or a service file"), "SECRET");
  add_entry (group, option_name (names, prefix, "dbname"), &self->dbname, _ ("Database"), "NAME");
  g_option_group_set_translation_domain (group, PGM_GETTEXT_DOMAIN);
  g_option_context_add_group (context, group);
}

gboolean
pgm_endpoint_options_is_given (const PgmEndpointOptions *self)
{
  return self->cluster != NULL || self->uri != NULL || self->host != NULL || self->port != NULL ||
         self->dbname != NULL;
}

PgmEndpoint *
pgm_endpoint_options_take (PgmEndpointOptions *self, const char *prefix, GError **error)
{
  PgmEndpoint *endpoint;

  if (!pgm_endpoint_options_is_given (self))
    {
      g_autofree char *hint = g_strdup_printf (
          "Give --%s-uri=postgresql://user@host/database, or --%s-host and --%s-dbname.", prefix,
          prefix, prefix);
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, hint, "the %s database is not named",
                          strcmp (prefix, "source") == 0 ? "source" : "destination");
      return NULL;
    }

  if (self->uri != NULL && *self->uri == '\0')
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          "A variable that it was to come from may be empty: give"
                          " postgresql://user@host/database, or leave the option out.",
                          "--%s-uri is empty", prefix);
      return NULL;
    }

  if (self->cluster != NULL && (self->uri != NULL || self->host != NULL || self->port != NULL))
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          "Give the one or the other: a registered cluster says where it is.",
                          "--%s and --%s-%s exclude each other", prefix, prefix,
                          self->uri != NULL    ? "uri"
                          : self->host != NULL ? "host"
                                               : "port");
      return NULL;
    }
  if (self->cluster != NULL && (*self->cluster == '\0' || *self->cluster == '/'))
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          "Write CLUSTER or CLUSTER/NODE; `pgmanager cluster list` shows them.",
                          "--%s names no cluster", prefix);
      return NULL;
    }

  endpoint = pgm_record_new (&pgm_endpoint_type);
  if (self->cluster != NULL)
    pgm_node_spec_split (self->cluster, &endpoint->cluster, &endpoint->node);
  if (self->uri != NULL)
    endpoint->uri = pgm_dsn_split_password (self->uri, &endpoint->password);
  endpoint->host = g_strdup (self->host);
  endpoint->port = g_strdup (self->port);
  endpoint->user = g_strdup (self->user);
  endpoint->dbname = g_strdup (self->dbname);
  if (self->password != NULL)
    {
      g_clear_pointer (&endpoint->password, pgm_secret_unref);
      endpoint->password = pgm_secret_new_take (g_steal_pointer (&self->password));
    }
  pgm_endpoint_options_clear (self);
  return endpoint;
}

void
pgm_endpoint_options_clear (PgmEndpointOptions *self)
{
  g_clear_pointer (&self->cluster, g_free);
  g_clear_pointer (&self->uri, pgm_secret_free_text);
  g_clear_pointer (&self->password, pgm_secret_free_text);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->port, g_free);
  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->dbname, g_free);
}

static gboolean
is_password_option (const char *argument, gsize length)
{
  return g_str_has_prefix (argument, "--") && length >= strlen ("--password") &&
         strncmp (argument + length - strlen ("password"), "password", strlen ("password")) == 0 &&
         argument[length - strlen ("password") - 1] == '-';
}

/* Where a connection string begins in the value of an option. */
static char *
skip_word (char *value)
{
  if (g_str_has_prefix (value, "pgbouncer:"))
    return value + strlen ("pgbouncer:");
  return value + (pgm_node_spec_skip_role (value) - value);
}

/* Hides what is secret in one argument; TRUE when the next one is a password. */
static gboolean
mask_argument (char *argument)
{
  char *equals = strchr (argument, '=');
  gboolean option = g_str_has_prefix (argument, "--");

  if (is_password_option (argument,
                          equals != NULL ? (gsize) (equals - argument) : strlen (argument)))
    {
      if (equals == NULL)
        return TRUE;
      memset (equals + 1, '*', strlen (equals + 1));
      return FALSE;
    }
  pgm_dsn_mask_password (skip_word (option && equals != NULL ? equals + 1 : argument));
  return FALSE;
}

char **
pgm_arguments_take (int argc, char **argv)
{
  char **copy = g_new0 (char *, (gsize) argc + 1);
  gboolean password_follows = FALSE;

  for (int i = 0; i < argc; i++)
    {
      copy[i] = g_strdup (argv[i]);
      if (i == 0)
        continue;
      if (password_follows)
        memset (argv[i], '*', strlen (argv[i]));
      password_follows = !password_follows && mask_argument (argv[i]);
    }
  return copy;
}

void
pgm_arguments_free (char **argv)
{
  for (int i = 0; argv[i] != NULL; i++)
    pgm_secret_free_text (argv[i]);
  g_free (argv);
}
