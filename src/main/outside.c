#include "main/outside.h"

#include "client/remote-engine.h"
#include "core/secret-file.h"
#include "server/server.h"
#include "store/config.h"
#include "store/paths.h"
#include "store/secrets.h"

#define LOOPBACK "127.0.0.1:0"

static PgmEngine *
connect_url (const char *url, PgmSecret *token, const char *fingerprint, GError **error)
{
  const PgmRemoteTarget target = { url, token, NULL, fingerprint };

  return pgm_remote_engine_new_for_url (&target, error);
}

static PgmSecrets *
open_secrets (GError **error)
{
  PgmConfig *config = pgm_config_load (error);
  PgmSecrets *secrets;

  if (config == NULL)
    return NULL;
  secrets = pgm_secrets_new (config->state_dir, g_strcmp0 (config->passwords, "file") != 0);
  pgm_record_unref (config);
  return secrets;
}

/* "server" is no name of a cluster's node here: clusters' ids have no colon. */
static PgmSecret *
lookup_token (const char *url)
{
  g_autoptr (PgmSecrets) secrets = open_secrets (NULL);

  return secrets != NULL ? pgm_secrets_lookup (secrets, "server:", url, NULL) : NULL;
}

static gboolean
store_token (const char *url, PgmSecret *token, GError **error)
{
  g_autoptr (PgmSecrets) secrets = open_secrets (error);

  return secrets != NULL && pgm_secrets_store (secrets, "server:", url, token, error);
}

static gpointer
serve (PgmEngine *engine, const char *const **urls, PgmSecret **token, GError **error)
{
  const char *const listen[] = { LOOPBACK, NULL };
  PgmConfig *config = pgm_config_load (error);
  g_autofree char *token_file = config != NULL ? pgm_config_get_token_file (config) : NULL;
  const PgmServerOptions options = { .listen = listen, .token_file = token_file };
  g_autoptr (PgmServer) server = NULL;
  gboolean ready = config != NULL && pgm_paths_make_private (config->state_dir, error);

  g_clear_pointer (&config, pgm_record_unref);
  if (!ready)
    return NULL;
  server = pgm_server_new (engine, &options, error);
  if (server == NULL)
    return NULL;
  *token = pgm_secret_file_load (token_file, error);
  if (*token == NULL)
    return NULL;
  *urls = pgm_server_get_urls (server);
  return g_steal_pointer (&server);
}

static void
unserve (gpointer server)
{
  pgm_server_free (server);
}

const PgmOutside pgm_host_outside = {
  .connect = connect_url,
  .lookup_token = lookup_token,
  .store_token = store_token,
  .serve = serve,
  .unserve = unserve,
};
