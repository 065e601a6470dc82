/* Which server a command speaks to: the processes of this user on this machine, or the
 * one at a URL; and the options that say so. Private to the room. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

/* Members that are NULL are taken from PGMANAGER_SERVER_URL, PGMANAGER_TOKEN_FILE,
 * PGMANAGER_CA and PGMANAGER_FINGERPRINT. */
typedef struct
{
  char *url;
  char *token_file;
  char *ca;
  char *fingerprint;
} PgmServerChoice;

/* --server-url, --token-file, --ca, --fingerprint */
void pgm_server_choice_add (GOptionContext *context, PgmServerChoice *self);
void pgm_server_choice_clear (PgmServerChoice *self);

/* Is there a URL, by option or environment? */
gboolean pgm_server_choice_is_given (const PgmServerChoice *self);

/* The engine at the URL; nothing has been sent yet. Transfer full. */
PgmEngine *pgm_server_choice_connect (const PgmServerChoice *self,
                                      PgmCli *cli,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmServerChoice, pgm_server_choice_clear)

G_END_DECLS
