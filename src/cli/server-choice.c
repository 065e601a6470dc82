#include "cli/server-choice.h"

#include "core/i18n.h"

void
pgm_server_choice_add (GOptionContext *context, PgmServerChoice *self)
{
  const GOptionEntry entries[] = {
    { "server-url", 0, 0, G_OPTION_ARG_FILENAME, &self->url,
      N_ ("The daemon at this URL instead of those on this machine"), "URL" },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &self->token_file, N_ ("File with its token"),
      "FILE" },
    { "ca", 0, 0, G_OPTION_ARG_FILENAME, &self->ca,
      N_ ("Certificates to know it by, instead of the system's"), "FILE" },
    { "fingerprint", 0, 0, G_OPTION_ARG_FILENAME, &self->fingerprint,
      N_ ("Or the SHA-256 fingerprint of its certificate"), "HEX" },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
}

void
pgm_server_choice_clear (PgmServerChoice *self)
{
  g_clear_pointer (&self->url, g_free);
  g_clear_pointer (&self->token_file, g_free);
  g_clear_pointer (&self->ca, g_free);
  g_clear_pointer (&self->fingerprint, g_free);
}

/* An option, else the variable; "" is nothing. */
static const char *
choose (const char *option, const char *variable)
{
  const char *value = option != NULL ? option : g_getenv (variable);

  return value != NULL && *value != '\0' ? value : NULL;
}

gboolean
pgm_server_choice_is_given (const PgmServerChoice *self)
{
  return choose (self->url, "PGMANAGER_SERVER_URL") != NULL;
}

PgmEngine *
pgm_server_choice_connect (const PgmServerChoice *self, PgmCli *cli, GError **error)
{
  const PgmCliTarget target = {
    .url = choose (self->url, "PGMANAGER_SERVER_URL"),
    .token_file = choose (self->token_file, "PGMANAGER_TOKEN_FILE"),
    .ca = choose (self->ca, "PGMANAGER_CA"),
    .fingerprint = choose (self->fingerprint, "PGMANAGER_FINGERPRINT"),
  };

  return cli->host->connect_engine (&target, error);
}
