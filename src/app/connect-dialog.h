/* Asks for the URL and token of a server elsewhere, and tries them. */
#pragma once

#include <adwaita.h>

#include "app/outside.h"

G_BEGIN_DECLS

#define PGM_TYPE_CONNECT_DIALOG (pgm_connect_dialog_get_type ())
G_DECLARE_FINAL_TYPE (PgmConnectDialog, pgm_connect_dialog, PGM, CONNECT_DIALOG, AdwWindow)

/* @url: of a server that is known, or NULL; then its token is looked up and tried at
 * once. Emits "connected" (PgmEngine *, const char *url) when it has answered; then it
 * closes. */
PgmConnectDialog *
pgm_connect_dialog_new (GtkWindow *parent, const PgmOutside *outside, const char *url);

void pgm_connect_dialog_connect (PgmConnectDialog *self);

G_END_DECLS
