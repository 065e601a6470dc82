/* Lends the engine of this window to other programs, and takes it back: a switch, and the
 * address and token to copy. */
#pragma once

#include <adwaita.h>

#include "app/fact-group.h"
#include "app/outside.h"

G_BEGIN_DECLS

/* What is being served; kept by the application, so that it goes on when the dialog is
 * closed. Zeroed: nothing is. */
typedef struct
{
  const PgmOutside *outside;
  PgmEngine *engine; /* borrowed */
  gpointer server;
  const char *const *urls;
  PgmSecret *token;
} PgmShare;

gboolean pgm_share_start (PgmShare *self, GError **error);
void pgm_share_stop (PgmShare *self);

#define PGM_TYPE_SHARE_DIALOG (pgm_share_dialog_get_type ())
G_DECLARE_FINAL_TYPE (PgmShareDialog, pgm_share_dialog, PGM, SHARE_DIALOG, AdwWindow)

/* @share must outlive it. */
PgmShareDialog *pgm_share_dialog_new (GtkWindow *parent, PgmShare *share);

/* For looking at. Borrowed. */
PgmFactGroup *pgm_share_dialog_get_facts (PgmShareDialog *self);
const char *pgm_share_dialog_get_address (PgmShareDialog *self);
const char *pgm_share_dialog_get_token (PgmShareDialog *self);

G_END_DECLS
