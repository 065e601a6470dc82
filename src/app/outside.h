/* What the window needs of the program around it: engines of other servers, and lending
 * its own. Made by main; each function may be called from the main loop unless it says
 * otherwise. */
#pragma once

#include "core/secret.h"
#include "engine/engine.h"

G_BEGIN_DECLS

typedef struct
{
  /* The engine at a URL; nothing has been sent yet. @token and @fingerprint may be NULL.
   * Transfer full. */
  PgmEngine *(*connect) (const char *url,
                         PgmSecret *token,
                         const char *fingerprint,
                         GError **error);

  /* The token for a URL, kept in the keyring or, where there is none, in a file of our
   * own. Both may wait: never from the main loop. Transfer full, or NULL. */
  PgmSecret *(*lookup_token) (const char *url);
  gboolean (*store_token) (const char *url, PgmSecret *token, GError **error);

  /* Serves @engine on the loopback address, to be ended with unserve(). *@urls is owned
   * by what is returned; *@token is transfer full. */
  gpointer (*serve) (PgmEngine *engine,
                     const char *const **urls,
                     PgmSecret **token,
                     GError **error);
  void (*unserve) (gpointer server);
} PgmOutside;

G_END_DECLS
